"""The nodes that carry releases."""

from __future__ import annotations

from tools.testbed import TestBed


def workers(bed: TestBed) -> list[str]:
    """Return the names of the nodes that are no control plane."""
    found = bed.cluster.get("nodes", "-l", "!node-role.kubernetes.io/control-plane")["items"]
    return [node["metadata"]["name"] for node in found]
