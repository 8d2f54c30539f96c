"""The specification's Verify, Scaling and Troubleshooting commands, as written there.

They name the namespace and the objects literally, so they apply to a release in
the namespace disney-ai-plus without a name prefix.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator

import pytest
import sh

from tests.smoke.release import Release

VERIFY = {
    "kubectl get pods -n disney-ai-plus": "db-0",
    "kubectl get svc -n disney-ai-plus": "api",
    "kubectl get ingress -n disney-ai-plus": "edge",
    "kubectl get hpa -n disney-ai-plus": "api",
    "kubectl get networkpolicy -n disney-ai-plus": "db",
    "kubectl exec -it db-0 -n disney-ai-plus -- pg_isready -U disney_app": "accepting connections",
}
SCALE = (
    "kubectl scale deployment api --replicas=5 -n disney-ai-plus",
    "kubectl scale deployment web --replicas=5 -n disney-ai-plus",
)
FOLLOW = (
    "kubectl logs -f deployment/api -n disney-ai-plus",
    "kubectl logs -f deployment/web -n disney-ai-plus",
    "kubectl logs -f statefulset/db -n disney-ai-plus",
)
FIRST_LINE_SECONDS = 20


@pytest.fixture(autouse=True)
def as_written(release: Release) -> None:
    """Fail early where the commands cannot apply."""
    assert (release.namespace, release.prefix) == ("disney-ai-plus", "")


def run(command: str) -> str:
    """Run a kubectl command as written and return what it printed."""
    program, *words = shlex.split(command)
    assert program == "kubectl"
    return str(sh.kubectl(*words))


@pytest.mark.row("S18")
@pytest.mark.parametrize("command", list(VERIFY))
def test_verify(command: str) -> None:
    assert VERIFY[command] in run(command)


@pytest.mark.row("S18")
def test_describe_shows_events_of_a_pod(release: Release) -> None:
    pod = release.pods("api")[0]["metadata"]["name"]
    assert "Events:" in run(f"kubectl describe pod {pod} -n disney-ai-plus")


@pytest.mark.row("S15", "S18")
@pytest.mark.parametrize("command", FOLLOW)
def test_logs(command: str) -> None:
    with subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture
def replicas_restored(release: Release) -> Iterator[None]:
    """Give the replicas back to the autoscaler where a test left off."""
    before = {name: release.get("deployment", name)["spec"]["replicas"] for name in ("api", "web")}
    yield
    for name, replicas in before.items():
        release.kubectl("scale", "deployment", name, f"--replicas={replicas}")
        release.kubectl("rollout", "status", f"deployment/{name}", "--timeout=120s")


@pytest.mark.row("S18", "B12")
@pytest.mark.only("staging", "current")
@pytest.mark.usefixtures("replicas_restored")
@pytest.mark.parametrize("command", SCALE)
def test_scale(command: str, release: Release) -> None:
    name = shlex.split(command)[3]
    before = release.get("deployment", name)["metadata"]["generation"]
    assert "scaled" in run(command)
    after = release.get("deployment", name)
    # Five, unless the autoscaler has had its say since: then the object has changed twice.
    changes = after["metadata"]["generation"] - before
    assert after["spec"]["replicas"] == 5 or changes >= 2
