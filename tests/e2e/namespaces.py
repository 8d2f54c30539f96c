"""Namespaces that a test has for itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tools import testbed
from tools.testbed import TestBed


@contextmanager
def temporary(bed: TestBed) -> Iterator[str]:
    """Make a namespace that enforces Pod Security `restricted`, and delete it afterwards."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    testbed.namespace(bed.cluster, name)
    try:
        yield name
    finally:
        bed.cluster.kubectl("delete", "namespace", name, "--wait=false")
