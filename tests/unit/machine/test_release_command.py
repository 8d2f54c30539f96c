"""What Helm is called with, and what of a failure is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.machine.programs import Programs
from tools import release, rollout
from tools.cluster import Cluster
from tools.engine import Engine
from tools.errors import ToolError
from tools.paths import CHART
from tools.versions import module

CLUSTER = Cluster(Engine("docker"), {}, False)
SECRETS = {"databasePassword": "p:/@#%&'\"$ \\w", "jwtSecret": "jwt-secret-value"}
OVERLAY: dict[str, Any] = {"secrets": {"mode": "inline", "inline": SECRETS}, "edge": {"host": "h"}}
HELM = """
import json
if argv[0] == "version":
    print({version!r})
else:
    sys.exit({error})
"""


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How the rollout was waited for."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(rollout, "wait", lambda *_, **options: found.append(options))
    return found


def helm(programs: Programs, error: str = "0", name: str = "helm") -> None:
    """Put a Helm on PATH that ends with an expression of `stdin`."""
    programs.add(name, HELM.format(version=module(name).version, error=error))


def upgrade(programs: Programs, name: str = "helm") -> tuple[list[str], str]:
    """Return the words and the input of the one call that matters."""
    (call,) = (call for call in programs.calls(name) if call.argv[0] != "version")
    return call.argv, call.stdin


def test_credentials_go_in_on_standard_input_and_nowhere_else(
    programs: Programs, waits: list[dict[str, Any]]
) -> None:
    helm(programs)
    release.install(CLUSTER, OVERLAY)
    argv, stdin = upgrade(programs)
    assert json.loads(stdin) == OVERLAY
    for call in programs.calls():
        for secret in SECRETS.values():
            assert secret not in " ".join(call.argv)
            assert secret not in json.dumps(call.env)
    assert str(CHART) in argv
    assert set(waits[0]["secrets"]) == set(SECRETS.values())


def test_the_users_flags_come_last_so_that_they_win(
    programs: Programs, waits: list[dict[str, Any]], tmp_path: Path
) -> None:
    helm(programs)
    files = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    release.install(CLUSTER, OVERLAY, values=files, flags=["--set", "api.port=1", "--debug"])
    argv, _ = upgrade(programs)
    given = [argv[index + 1] for index, word in enumerate(argv) if word == "--values"]
    assert given == [*map(str, files), "-"]
    assert argv[-3:] == ["--set", "api.port=1", "--debug"]
    assert len(waits) == 1


@pytest.mark.usefixtures("waits")
def test_only_our_cluster_is_installed_to(programs: Programs, kubeconfig: Path) -> None:
    helm(programs)
    release.install(CLUSTER, OVERLAY, namespace="room", name="mine")
    argv, _ = upgrade(programs)
    assert argv[:4] == ["upgrade", "--install", "mine", str(CHART)]
    assert argv[argv.index("--kubeconfig") + 1] == str(kubeconfig)
    assert argv[argv.index("--namespace") + 1] == "room"


@pytest.mark.usefixtures("waits")
def test_another_helm_can_be_asked_for(programs: Programs) -> None:
    helm(programs, name="helm3")
    release.install(CLUSTER, OVERLAY, helm="helm3")
    assert upgrade(programs, "helm3")[0][0] == "upgrade"


@pytest.mark.parametrize(
    "shown", ["stdin", "' '.join(json.loads(stdin)['secrets']['inline'].values())"]
)
def test_what_helm_refuses_is_told_without_the_secrets(
    shown: str, programs: Programs, waits: list[dict[str, Any]]
) -> None:
    helm(programs, f"'values do not meet the schema: ' + {shown}")
    with pytest.raises(ToolError, match="values do not meet the schema") as caught:
        release.install(CLUSTER, OVERLAY)
    for secret in SECRETS.values():
        assert secret not in str(caught.value)
        assert json.dumps(secret)[1:-1] not in str(caught.value)
    assert str(caught.value).count("[secret]") == len(SECRETS)
    assert waits == []


def test_after_a_helm_that_was_killed_the_way_back_is_told(
    programs: Programs, kubeconfig: Path
) -> None:
    helm(programs, f"'Error: UPGRADE FAILED: {release.IN_PROGRESS}'")
    with pytest.raises(ToolError, match="is in progress") as caught:
        release.install(CLUSTER, OVERLAY, namespace="room", name="mine")
    where = f"mine --namespace room --kubeconfig {kubeconfig}"
    assert f"`helm rollback {where}`" in str(caught.value)
    assert f"`helm uninstall {where}`" in str(caught.value)


def test_a_failure_has_no_cause_whose_traceback_shows_the_secrets(programs: Programs) -> None:
    helm(programs, "stdin")
    with pytest.raises(ToolError) as caught:
        release.install(CLUSTER, OVERLAY)
    assert caught.value.__suppress_context__


@pytest.mark.usefixtures("waits")
def test_values_without_inline_secrets_need_none(programs: Programs) -> None:
    helm(programs)
    release.install(CLUSTER, {"secrets": {"mode": "existing"}})
    release_text = upgrade(programs)[1]
    assert json.loads(release_text) == {"secrets": {"mode": "existing"}}
