"""`helm test`: pods that need no network beyond the release, and one that must be turned away."""

from __future__ import annotations

import pytest

from tests.template.chart import CHART, merge, required, values_of
from tests.template.conftest import Render
from tools.lab.manifests import Manifests

CHECKS = {"test-web", "test-api", "test-db", "test-denied"}


def checks(manifests: Manifests) -> dict[str, list[str]]:
    """Return the command of each test pod."""
    return {
        pod["metadata"]["name"]: pod["spec"]["containers"][0]["command"]
        for pod in manifests.all("Pod")
    }


def address(manifests: Manifests) -> tuple[str, ...]:
    """Return host, port, user and database that the database's test asks for."""
    (container,) = manifests.one("Pod", "test-db")["spec"]["containers"]
    env = {entry["name"]: entry["value"] for entry in container["env"]}
    return tuple(env[f"PG{name}"] for name in ("HOST", "PORT", "USER", "DATABASE"))


@pytest.mark.row("B16")
def test_every_promise_has_a_pod(render: Render) -> None:
    found = checks(render())
    assert found.keys() == CHECKS
    assert found["test-web"][-1] == "http://web:3000/api/health"
    assert found["test-api"][-1] == "http://api:3001/readyz"
    assert found["test-db"][:2] == ["sh", "-c"]
    assert "pg_isready" in found["test-db"][2]
    assert address(render()) == ("db", "5432", "disney_app", "disney_app")
    assert found["test-denied"][-2:] == ["db", "5432"]


@pytest.mark.row("B16")
def test_they_run_on_request_and_keep_their_logs(render: Render) -> None:
    for pod in render().all("Pod"):
        annotations = pod["metadata"]["annotations"]
        assert annotations["helm.sh/hook"] == "test"
        assert annotations["helm.sh/hook-delete-policy"] == "before-hook-creation"
        assert pod["spec"]["restartPolicy"] == "Never"
        assert pod["spec"]["activeDeadlineSeconds"] == 120


@pytest.mark.row("B16")
def test_their_programs_are_the_charts_files(render: Render) -> None:
    found = checks(render())
    for name, file in (("web", "get"), ("api", "get"), ("denied", "refused")):
        source = (CHART / "files" / "tests" / f"{file}.mjs").read_text(encoding="utf-8")
        assert found[f"test-{name}"][:4] == ["node", "--input-type=module", "--eval", source]


@pytest.mark.row("B16")
def test_the_stranger_is_none_of_the_release(render: Render) -> None:
    """Otherwise it would be stopped by its own policy, and prove nothing about the database's."""
    manifests = render()
    labels = manifests.one("Pod", "test-denied")["metadata"]["labels"]
    assert labels == {"app.kubernetes.io/component": "stranger"}
    for policy in manifests.all("NetworkPolicy"):
        selector = policy["spec"]["podSelector"]["matchLabels"]
        assert not selector.items() <= labels.items(), policy["metadata"]["name"]


@pytest.mark.row("B16")
def test_without_policies_nobody_is_turned_away(render: Render) -> None:
    assert checks(render(values=values_of("no-network-policy"))).keys() == CHECKS - {"test-denied"}


@pytest.mark.row("B16", "B3")
def test_an_external_database_is_asked_where_it_is(render: Render) -> None:
    found = checks(render(values=values_of("external-database")))
    assert found.keys() == CHECKS - {"test-denied"}
    manifests = render(values=values_of("external-database"))
    assert address(manifests) == ("primary.databases.svc", "6432", "stories", "stories")


@pytest.mark.row("B16")
def test_they_can_be_left_out(render: Render) -> None:
    manifests = render(values=merge(required(), {"tests": {"enabled": False}}))
    assert "Pod" not in {manifest["kind"] for manifest in manifests}
    assert not manifests.has("NetworkPolicy", "test")
    assert not manifests.has("ServiceAccount", "test")
