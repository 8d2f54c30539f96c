"""A volume that is not this release's to start on stops it with a sentence, and stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.e2e.volume import on_the_volume
from tools import release, testbed
from tools.poll import until
from tools.testbed import TestBed

HASH = """
find . -print0 | sort -z | xargs -0 stat --format='%n %a %u %s %Y'
find . -type f -print0 | sort -z | xargs -0 sha256sum
"""
# What lies on the volume, as shell commands, and what the release says to it.
VOLUMES = {
    "another major": (
        "mkdir -p 16/docker/base && echo 16 | tee 16/docker/PG_VERSION 16/docker/base/1",
        "database of PostgreSQL 16",
    ),
    "foreign files": ("echo diary > diary.txt", "not a PostgreSQL database"),
    "a half-made database": (
        "touch initialising && mkdir -p 17/docker/base && echo 17 > 17/docker/PG_VERSION",
        "cut short",
    ),
}
# The others need the full run.
CORE = "another major"


@pytest.fixture
def claimed(bed: TestBed, namespace: str) -> Callable[[str, str], str]:
    """Make the database's claim; run commands on its volume: (name of the pod, command)."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-db-0", "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}},
        },
    }
    testbed.apply(bed.cluster, claim)
    return partial(on_the_volume, bed, namespace)


@pytest.mark.row("B4")
@pytest.mark.parametrize(
    "case",
    [name if name == CORE else pytest.param(name, marks=pytest.mark.full) for name in VOLUMES],
)
def test_the_release_stops_and_changes_nothing(
    bed: TestBed, namespace: str, claimed: Callable[[str, str], str], case: str
) -> None:
    content, sentence = VOLUMES[case]
    claimed("fill", content)
    before = claimed("before", HASH)
    overlay = testbed.room(bed, namespace, f"{namespace}.localhost")

    release.install(bed.cluster, overlay, namespace=namespace, wait=False)

    def message() -> str:
        """What `kubectl describe pod db-0` shows."""
        pods = bed.cluster.get("pods", "-n", namespace)["items"]
        for guard in (s for pod in pods for s in pod["status"].get("initContainerStatuses", [])):
            ended = guard["state"].get("terminated") or guard["lastState"].get("terminated") or {}
            return str(ended.get("message", ""))
        return ""

    stopped = until(message, seconds=60, what="the guard to stop")
    assert sentence in stopped
    assert "Nothing has been changed." in stopped
    bed.cluster.kubectl("delete", "statefulset", "db", "-n", namespace, "--wait=true")
    assert claimed("after", HASH) == before
