"""A volume that is not this release's to start on stops it with a sentence, and stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

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


def shell_pod(image: str, name: str, command: str) -> dict[str, Any]:
    """Return a pod that runs a command in the folder of the database's volume."""
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": True, "runAsUser": 999, "fsGroup": 999},
            "containers": [
                {
                    "name": "shell",
                    "image": image,
                    "command": ["bash", "-euc", f"cd /volume\n{command}"],
                    "securityContext": security,
                    "volumeMounts": [{"name": "data", "mountPath": "/volume"}],
                }
            ],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}],
        },
    }


@pytest.fixture
def on_the_volume(bed: TestBed, namespace: str) -> Callable[[str, str], str]:
    """Run a command on the volume in a pod of its own, and return what it prints."""
    images = {image.component: image.reference for image in bed.images}
    image = images.get("db", "docker.io/library/postgres:17.7")
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

    def run(name: str, command: str) -> str:
        manifest = shell_pod(image, name, command)
        manifest["metadata"]["namespace"] = namespace
        bed.cluster.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest))
        bed.cluster.kubectl(
            *("wait", f"pod/{name}", "-n", namespace, "--timeout=90s"),
            "--for=jsonpath={.status.phase}=Succeeded",
        )
        return bed.cluster.kubectl("logs", name, "-n", namespace)

    return run


@pytest.mark.row("B4")
@pytest.mark.parametrize("case", VOLUMES)
def test_the_release_stops_and_changes_nothing(
    bed: TestBed, namespace: str, on_the_volume: Callable[[str, str], str], case: str
) -> None:
    content, sentence = VOLUMES[case]
    on_the_volume("fill", content)
    before = on_the_volume("before", HASH)
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
    assert on_the_volume("after", HASH) == before
