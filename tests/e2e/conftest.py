"""Fixtures of the e2e tests: namespaces that come and go, and a look from inside a pod."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.e2e import namespaces
from tests.e2e.shop import shop
from tools.testbed import TestBed

__all__ = ["connect", "module_namespace", "namespace", "shop"]

CONNECT = """
const [host, port] = process.argv.slice(1);
const socket = require('net').connect({host, port: Number(port), timeout: 4000});
const end = (word) => { console.log(word); process.exit(0); };
socket.on('connect', () => end('connected'));
socket.on('timeout', () => end('refused'));
socket.on('error', (error) => end(error.code === 'ENOTFOUND' ? 'unknown host' : 'refused'));
"""


@pytest.fixture
def namespace(bed: TestBed, tools_on_path: None) -> Iterator[str]:  # noqa: ARG001 (order)
    """A namespace of the test's own that enforces Pod Security `restricted`."""
    with namespaces.temporary(bed) as name:
        yield name


@pytest.fixture(scope="module")
def module_namespace(bed: TestBed, tools_on_path: None) -> Iterator[str]:  # noqa: ARG001 (order)
    """A namespace like it for all tests of a module."""
    with namespaces.temporary(bed) as name:
        yield name


@pytest.fixture
def connect(bed: TestBed) -> Callable[[str, str, str, int], str]:
    """Tell what happens when a pod opens a TCP connection: connected, refused, unknown host."""

    def run(namespace: str, source: str, host: str, port: int) -> str:
        return bed.cluster.kubectl(
            *("exec", "-n", namespace, source, "--", "node", "-e", CONNECT, host, str(port))
        ).strip()

    return run
