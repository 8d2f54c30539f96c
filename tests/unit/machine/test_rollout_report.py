"""Why a release does not start is told at once and in full, but for its secrets."""

from __future__ import annotations

import json
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.machine.pods import CREATING, RUNNING, container, ended, event, pod, waiting
from tests.unit.machine.programs import Programs
from tools import rollout, toolchain
from tools.censor import censor
from tools.cluster import Cluster
from tools.engine import Engine
from tools.errors import ToolError

CLUSTER = Cluster(Engine("docker"), {}, False)
KUBECTL = """
import json
world = json.load(open({path!r}))
del argv[:2]  # --kubeconfig PATH
if argv[:2] == ["get", "--raw"]:
    for line in world["watched"]:
        print(line if isinstance(line, str) else json.dumps(line), flush=True)
    time.sleep(world["seconds"])
elif argv[0] == "get":
    print(json.dumps({{"items": world[argv[1]]}}))
elif argv[:2] == ["rollout", "status"]:
    time.sleep(world["seconds"])
    sys.exit(world["code"])
elif argv[0] == "logs":
    print("log of the last life" if "--previous" in argv else "log of this life")
"""
Namespace = Any


@pytest.fixture
def namespace(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Namespace:
    """A function that says what is in the namespace."""
    monkeypatch.setattr(toolchain, "tool", programs.folder.joinpath)
    path = tmp_path / "world.json"
    programs.add("kubectl", KUBECTL.format(path=str(path)))
    workloads = [{"kind": "Deployment", "metadata": {"name": "api"}}]
    world: dict[str, Any] = {
        "deployments,statefulsets,jobs": workloads,
        "pods": [],
        "events": [],
        "watched": [],
        "seconds": 0,
        "code": 0,
    }

    def holds(**content: Any) -> None:
        world.update(content)
        path.write_text(json.dumps(world))

    holds()
    return holds


def change(found: dict[str, Any], kind: str = "MODIFIED") -> dict[str, Any]:
    """Return a line of a watch."""
    return {"type": kind, "object": found}


STUCK = pod(container(waiting("ImagePullBackOff", "no such tag")))


def test_a_pod_is_ready_by_its_condition_or_when_it_has_ended_well() -> None:
    assert rollout.ready(pod(container(RUNNING, ready=True), ready=True))
    assert rollout.ready(pod(phase="Succeeded"))
    assert not rollout.ready(pod(container(RUNNING)))
    assert not rollout.ready(pod(phase="Failed"))
    assert not rollout.ready({"metadata": {}, "status": {}})


def test_an_init_container_can_be_the_reason() -> None:
    stuck = pod(init=(container(waiting("ErrImageNeverPull"), name="migrate"),))
    reason = rollout.hopeless_reason(stuck)
    assert reason
    assert "container migrate of pod api-1: ErrImageNeverPull" in reason


def test_waiting_ends_when_nothing_is_to_wait_for(namespace: Namespace) -> None:
    namespace()
    rollout.wait(CLUSTER, "n", seconds=9)


def test_every_workload_is_waited_for_in_its_namespace(
    namespace: Namespace, programs: Programs
) -> None:
    names = {"api": "Deployment", "db": "StatefulSet", "migrate-1": "Job"}
    workloads = [{"kind": kind, "metadata": {"name": name}} for name, kind in names.items()]
    of_a_cron_job = {"name": "backup-1", "ownerReferences": [{"kind": "CronJob"}]}
    workloads.append({"kind": "Job", "metadata": of_a_cron_job})
    namespace(**{"deployments,statefulsets,jobs": workloads})
    rollout.wait(CLUSTER, "n", seconds=9)
    calls = [call.argv[2:] for call in programs.calls("kubectl")]
    waits = sorted(call for call in calls if call[0] in {"rollout", "wait"})
    assert waits == [
        ["rollout", "status", "deployment/api", "-n", "n", "--timeout=9s"],
        ["rollout", "status", "statefulset/db", "-n", "n", "--timeout=9s"],
        ["wait", "--for=condition=Complete", "job/migrate-1", "-n", "n", "--timeout=9s"],
    ]


@pytest.mark.parametrize(
    "before",
    [
        [],
        [change(pod(container(CREATING)))],
        [change({"status": "Failure", "code": 410, "message": "too old"}, "ERROR")],
        [change(STUCK, "DELETED"), change({"metadata": {}, "status": {}}, "BOOKMARK")],
    ],
    ids=["at first", "after a change", "after an error", "after a deletion"],
)
def test_a_hopeless_pod_ends_the_wait_at_once(
    before: list[dict[str, Any]], namespace: Namespace
) -> None:
    namespace(watched=[*before, change(STUCK)], seconds=2, pods=[STUCK])
    begun = time.monotonic()
    with pytest.raises(ToolError, match="of pod api-1: ImagePullBackOff no such tag"):
        rollout.wait(CLUSTER, "n", seconds=9)
    assert time.monotonic() - begun < 1.8


def test_a_deleted_pod_ends_no_wait(namespace: Namespace) -> None:
    namespace(watched=[change(STUCK, "DELETED")])
    rollout.wait(CLUSTER, "n", seconds=9)


def test_a_timeout_tells_the_time_and_what_is_not_ready(namespace: Namespace) -> None:
    namespace(code=1, pods=[pod(container(CREATING)), pod(name="web-1", ready=True)])
    with pytest.raises(ToolError, match=r"(?s)not ready within 9 s.*pod api-1: Pending") as caught:
        rollout.wait(CLUSTER, "n", seconds=9)
    assert "web-1" not in str(caught.value)


def test_secrets_in_logs_and_events_are_blotted_out(namespace: Namespace) -> None:
    namespace(
        code=1,
        pods=[pod(container(RUNNING))],
        events=[event("could not connect as log of this life")],
    )
    with pytest.raises(ToolError) as caught:
        rollout.wait(CLUSTER, "n", seconds=9, secrets=["log of this life"])
    assert "log of this life" not in str(caught.value)
    assert str(caught.value).count("[secret]") == 2


def test_a_container_that_has_just_died_is_told_with_the_log_of_that_life(
    namespace: Namespace,
) -> None:
    namespace(pods=[pod(container(waiting("CrashLoopBackOff"), restarts=2))])
    assert "| log of the last life" in rollout.report(CLUSTER, "n")


def test_a_container_that_runs_is_told_with_its_log(namespace: Namespace) -> None:
    namespace(pods=[pod(container(RUNNING, restarts=2))])
    text = rollout.report(CLUSTER, "n")
    assert "| log of this life" in text
    assert "2 restarts" in text


def test_a_first_failure_is_told_before_any_restart(namespace: Namespace) -> None:
    """A migration that has just failed is the whole reason, and has not been tried again yet."""
    failed = container(ended(1), name="migrate")
    namespace(pods=[pod(container(waiting("PodInitializing")), init=(failed,))])
    text = rollout.report(CLUSTER, "n")
    assert "container migrate" in text
    assert '"exitCode": 1' in text


def test_an_init_container_that_did_its_work_is_not_told(namespace: Namespace) -> None:
    for ready in (True, False):
        done = container(ended(0), name="migrate", ready=ready)
        namespace(pods=[pod(container(CREATING), init=(done,))])
        assert "migrate" not in rollout.report(CLUSTER, "n")


def test_a_pods_last_events_are_told_in_order(namespace: Namespace) -> None:
    times = ["2026-01-01T00:00:09Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:05Z"]
    events = [event(f"at {time}", time=time) for time in times]
    namespace(pods=[pod(container(CREATING))], events=[*events, event("other", name="web-1")])
    text = rollout.report(CLUSTER, "n")
    positions = [text.index(f"at {time}") for time in sorted(times)]
    assert positions == sorted(positions)
    assert "other" not in text


def test_what_keeps_pods_from_being_made_is_told_among_many_events(namespace: Namespace) -> None:
    """Pod Security or a quota that refuses a pod shows only in its owner's events."""
    refused = event("violates PodSecurity", kind="ReplicaSet", name="api-5d8")
    namespace(events=[refused, *[event("Pulled", type="Normal") for _ in range(20)]])
    assert "ReplicaSet api-5d8: violates PodSecurity" in rollout.report(CLUSTER, "n")


def test_a_namespace_without_pods_is_not_told_as_ready(namespace: Namespace) -> None:
    namespace()
    assert "Every pod is ready" not in rollout.report(CLUSTER, "n")


def go_json(text: str) -> str:
    """Return a text as Go's encoder writes it inside quotes."""
    escaped = json.dumps(text)[1:-1]
    return escaped.translate({ord(c): f"\\u{ord(c):04x}" for c in "<>&"})


FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON of Go, as Helm and kubectl print it": go_json,
    "part of a URL": lambda secret: urllib.parse.quote(secret, safe=""),
}


@pytest.mark.parametrize("secret", ["plain-word", "<q&a>:/@#%'\"$ \\", "später"])
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_blotted_out_in_every_form_that_programs_print(form: str, secret: str) -> None:
    shown = FORMS[form](secret)
    text = censor(f"before {shown} after", [secret])
    assert text == "before [secret] after"


@pytest.mark.parametrize("secrets", [["abc", "abcdef"], ["abcdef", "abc"]])
def test_a_secret_inside_another_leaves_no_rest(secrets: list[str]) -> None:
    assert "def" not in censor("abcdef", secrets)


def test_an_empty_secret_blots_out_nothing() -> None:
    assert censor("the text", [""]) == "the text"
