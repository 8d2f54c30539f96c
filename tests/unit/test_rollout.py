"""What is told of a pod that does not start, and that no secret is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import release, rollout, toolchain
from tools.censor import censor
from tools.cluster import Cluster
from tools.engine import Engine
from tools.errors import ToolError
from tools.paths import REPOSITORY

LATE = "failed to sync secret cache: timed out waiting for the condition"


def pod(*, state: dict[str, Any], restarts: int = 0, ready: bool = False) -> dict[str, Any]:
    """Return a pod with one container."""
    status = {"name": "api", "ready": ready, "restartCount": restarts, "state": state}
    conditions = [{"type": "Ready", "status": str(ready), "message": "containers are not ready"}]
    return {
        "metadata": {"name": "api-1", "namespace": "n"},
        "status": {
            "phase": "Pending",
            "conditions": conditions,
            "containerStatuses": [status],
        },
    }


@pytest.mark.parametrize(
    ("state", "restarts", "hopeless"),
    [
        ({"waiting": {"reason": "ImagePullBackOff", "message": "no such tag"}}, 0, True),
        ({"waiting": {"reason": "CreateContainerConfigError"}}, 0, True),
        ({"waiting": {"reason": "CrashLoopBackOff"}}, rollout.CRASHES, True),
        ({"waiting": {"reason": "CrashLoopBackOff"}}, 1, False),
        ({"waiting": {"reason": "CreateContainerConfigError", "message": LATE}}, 0, False),
        ({"waiting": {"reason": "ContainerCreating"}}, 0, False),
        ({"running": {}}, 0, False),
    ],
)
def test_waiting_ends_only_where_it_cannot_help(
    state: dict[str, Any], restarts: int, hopeless: bool
) -> None:
    found = rollout.hopeless_reason(pod(state=state, restarts=restarts))
    assert bool(found) is hopeless
    assert found is None or "api-1" in found


@pytest.mark.parametrize(
    ("conditions", "more", "hopeless"),
    [
        ([{"type": "Failed", "status": "True", "message": "too often"}], {}, True),
        ([{"type": "Failed", "status": "True"}], {"ownerReferences": [{"kind": "CronJob"}]}, False),
        ([{"type": "Failed", "status": "True"}], {"annotations": {"helm.sh/hook": "x"}}, False),
        ([{"type": "Failed", "status": "False"}], {}, False),
        ([{"type": "Complete", "status": "True"}], {}, False),
        ([], {}, False),
    ],
)
def test_waiting_ends_when_a_job_of_the_release_has_failed(
    conditions: list[dict[str, str]], more: dict[str, Any], hopeless: bool
) -> None:
    job = {
        "kind": "Job",
        "metadata": {"name": "migrate-1", **more},
        "status": {"conditions": conditions},
    }
    found = rollout.hopeless_reason(job)
    assert bool(found) is hopeless
    assert found is None or found == "job migrate-1 failed: too often"


def test_the_report_holds_state_events_and_log(monkeypatch: pytest.MonkeyPatch) -> None:
    event = {
        "reason": "Failed",
        "message": "pull denied",
        "type": "Warning",
        "involvedObject": {"name": "api-1", "kind": "Pod"},
    }
    claim = {
        "reason": "ProvisioningFailed",
        "message": "no space",
        "type": "Warning",
        "involvedObject": {"name": "data-db-0", "kind": "PersistentVolumeClaim"},
    }
    broken = pod(state={"waiting": {"reason": "ErrImagePull"}})
    objects = {"pods": [broken, pod(state={"running": {}}, ready=True)], "events": [event, claim]}
    monkeypatch.setattr(Cluster, "get", lambda _, kind, *__: {"items": objects[kind]})
    monkeypatch.setattr(Cluster, "kubectl", lambda *_, **__: "a log line")
    text = rollout.report(Cluster(Engine("docker"), {}, False), "n")
    for part in ("pod api-1", "ErrImagePull", "pull denied", "a log line", "data-db-0: no space"):
        assert part in text
    assert text.count("pod api-1") == 1


def test_secrets_are_blotted_out_raw_and_escaped() -> None:
    secret = 'a"b\\c'
    text = f"raw {secret} json {json.dumps(secret)}"
    assert censor(text, [secret]) == 'raw [secret] json "[secret]"'


def test_credentials_travel_on_standard_input_only(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], str]] = []

    def run(command: list[str | Path], *, stdin: str) -> str:
        seen.append(([str(word) for word in command], stdin))
        raise ToolError(f"refused: {stdin}")

    monkeypatch.setattr(release, "run", run)
    monkeypatch.setattr(toolchain, "tool", Path)
    overlay = {"secrets": {"inline": {"databasePassword": "hush-hush"}}}
    values = REPOSITORY / "values" / "staging.yaml"
    with pytest.raises(ToolError) as caught:
        release.install(
            Cluster(Engine("docker"), {}, False), overlay, values=[values], flags=["--set", "a=b"]
        )
    ((words, stdin),) = seen
    assert "hush-hush" in stdin
    assert "hush-hush" not in " ".join(words)
    assert "hush-hush" not in str(caught.value)
    # Later wins: the values file, the test bed's overlay, the user's flags.
    assert words.index(str(values)) < words.index("-") < words.index("a=b")


@pytest.mark.parametrize("message", ['secret "db" not found', "manifests x: 401 Unauthorized"])
@pytest.mark.parametrize("cured", [True, False])
def test_what_may_cure_itself_is_looked_at_again(
    message: str, cured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Secret that a controller is yet to make, or the kubelet to read before it can pull."""
    monkeypatch.setattr(rollout, "GRACE_SECONDS", 0.05)
    now = pod(state={"running": {}} if cured else {"waiting": {"reason": "ImagePullBackOff"}})
    monkeypatch.setattr(Cluster, "kubectl", lambda *_: json.dumps(now))
    seen = pod(state={"waiting": {"reason": "ImagePullBackOff", "message": message}})
    event = json.dumps({"type": "MODIFIED", "object": seen})
    asleep = [sys.executable, "-c", "import time; time.sleep(30)"]
    told: list[str] = []
    with (
        subprocess.Popen(["echo", event], stdout=subprocess.PIPE, text=True) as watch,
        subprocess.Popen(asleep, text=True) as rollout_status,
    ):
        rollout._look(Cluster(Engine("docker"), {}, False), watch, [rollout_status], told)
        assert told == []
        if cured:
            with pytest.raises(subprocess.TimeoutExpired):
                rollout_status.wait(0.5)
            rollout_status.terminate()
        else:
            assert rollout_status.wait(10) != 0
            assert len(told) == 1
