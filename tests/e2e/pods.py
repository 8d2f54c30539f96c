"""Pods that a test makes: idle ones, with Node.js, that fit into a `restricted` namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tools import testbed
from tools.testbed import TestBed

SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}
IDLE = "setInterval(() => {}, 1000)"


def image(bed: TestBed) -> str:
    """Return an image with Node.js that every node holds."""
    (found,) = (image.reference for image in bed.images if image.component == "web")
    return found


def spec(bed: TestBed, program: str = IDLE) -> dict[str, Any]:
    """Return the spec of a pod that runs a Node.js program."""
    container = {
        "name": "node",
        "image": image(bed),
        "command": ["node", "-e", program],
        "securityContext": SECURITY,
    }
    return {
        "containers": [container],
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
    }


@contextmanager
def running(
    bed: TestBed,
    namespace: str,
    pods: Mapping[str, Mapping[str, str]],
    like: Mapping[str, Any] | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Run pods, by name with their labels, for as long as the context lasts.

    All have the spec `like`, or are idle ones.
    """
    names = [f"pod/{name}" for name in pods]
    try:
        for name, labels in pods.items():
            metadata = {"name": name, "namespace": namespace, "labels": labels}
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
            testbed.apply(bed.cluster, {**pod, "spec": like or spec(bed)})
        ready = ("--for=condition=Ready", "--timeout=90s")
        bed.cluster.kubectl("wait", "-n", namespace, *ready, *names)
        yield [bed.cluster.get(name, "-n", namespace) for name in names]
    finally:
        bed.cluster.kubectl("delete", "-n", namespace, "--ignore-not-found", "--now", *names)
