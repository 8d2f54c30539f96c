"""Everything runs, under Pod Security `restricted`, and the autoscalers see real load."""

from __future__ import annotations

import pytest
import testinfra

from tests.smoke.release import Release
from tools.poll import until

# The Node.js images need have no shell and no cat.
READ_STATUS = ("node", "-p", "require('fs').readFileSync('/proc/1/status', 'utf8')")

COMPONENTS = ("api", "web", "db")
METRICS_SECONDS = 120.0


@pytest.mark.row("S1", "S15")
@pytest.mark.parametrize("component", COMPONENTS)
def test_every_pod_is_ready(release: Release, component: str) -> None:
    pods = release.pods(component)
    assert pods
    for pod in pods:
        statuses = pod["status"]["containerStatuses"]
        assert all(status["ready"] for status in statuses), pod["metadata"]["name"]


@pytest.mark.row("S12")
def test_the_namespace_enforces_restricted(release: Release) -> None:
    labels = release.get("namespace", "", release.namespace)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.row("S12")
@pytest.mark.parametrize(("component", "uid"), [("api", 10001), ("web", 10001), ("db", 999)])
def test_processes_have_no_privileges(release: Release, component: str, uid: int) -> None:
    pod = release.pods(component)[0]["metadata"]["name"]
    if component == "db":
        place = f"kubectl://{pod}?container=postgres&namespace={release.namespace}"
        text = testinfra.get_host(place).check_output("cat /proc/1/status")
    else:
        text = release.kubectl("exec", pod, "-c", component, "--", *READ_STATUS)
    status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    assert status["Uid"].split() == [str(uid)] * 4
    assert int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"  # filtered


@pytest.mark.row("S4")
@pytest.mark.parametrize("component", ["api", "web"])
def test_the_autoscaler_reads_cpu_and_memory(release: Release, component: str) -> None:
    def current() -> dict[str, int]:
        status = release.get("hpa", component)["status"]
        return {
            metric["resource"]["name"]: metric["resource"]["current"]["averageUtilization"]
            for metric in status.get("currentMetrics") or []
            if metric["type"] == "Resource"
            and "averageUtilization" in metric["resource"]["current"]
        }

    found = until(
        lambda: seen if (seen := current()).keys() >= {"cpu", "memory"} else None,
        seconds=METRICS_SECONDS,
        what=f"HPA {component} to know CPU and memory",
    )
    assert 0 < found["memory"] < 80
