"""Fixtures of the e2e tests: namespaces that come and go, and a look from inside a pod."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator

import pytest

from tools import testbed
from tools.testbed import TestBed

CONNECT = """
const [host, port] = process.argv.slice(1);
const socket = require('net').connect({host, port: Number(port), timeout: 4000});
const end = (word) => { console.log(word); process.exit(0); };
socket.on('connect', () => end('connected'));
socket.on('timeout', () => end('refused'));
socket.on('error', (error) => end(error.code === 'ENOTFOUND' ? 'unknown host' : 'refused'));
"""


@pytest.fixture
def namespace(bed: TestBed) -> Iterator[str]:
    """A namespace of the test's own that enforces Pod Security `restricted`."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    testbed.namespace(bed.cluster, name)
    yield name
    bed.cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def foreign_pod(bed: TestBed, namespace: str) -> str:
    """A running pod, with Node.js, that belongs to no release."""
    (image,) = (image.reference for image in bed.images if image.component == "web")
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    testbed.apply(
        bed.cluster,
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "foreign", "namespace": namespace},
            "spec": {
                "containers": [
                    {
                        "name": "foreign",
                        "image": image,
                        "command": ["node", "-e", "setInterval(() => {}, 1000)"],
                        "securityContext": security,
                    }
                ],
                "terminationGracePeriodSeconds": 0,
            },
        },
    )
    bed.cluster.kubectl(
        "wait", "pod/foreign", "-n", namespace, "--for=condition=Ready", "--timeout=60s"
    )
    return "pod/foreign"


@pytest.fixture
def connect(bed: TestBed) -> Callable[[str, str, str, int], str]:
    """Tell what happens when a pod opens a TCP connection: connected, refused, unknown host."""

    def run(namespace: str, source: str, host: str, port: int) -> str:
        return bed.cluster.kubectl(
            *("exec", "-n", namespace, source, "--", "node", "-e", CONNECT, host, str(port))
        ).strip()

    return run


@pytest.fixture
def addresses(bed: TestBed) -> dict[str, str]:
    """The address of one pod of each component of the release."""
    items = bed.cluster.get("pods", "-n", testbed.NAMESPACE)["items"]
    found = {
        pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod["status"]["podIP"]
        for pod in items
        if "deletionTimestamp" not in pod["metadata"] and "podIP" in pod["status"]
    }
    assert {"api", "web", "db"} <= found.keys(), json.dumps(found)
    return found
