"""Helm itself, for what a user does with a release beside installing it."""

from __future__ import annotations

import json
from typing import Any

from tools import testbed, toolchain
from tools.cluster import KUBECONFIG
from tools.proc import run


def helm(*words: str, namespace: str, program: str = "helm") -> str:
    """Run Helm in a namespace of the test cluster and return what it prints.

    Raises:
        ToolError: it fails; the message ends with its last lines.
    """
    where = ("--kubeconfig", KUBECONFIG, "--namespace", namespace)
    return run([toolchain.tool(program), *words, *where])


def status(namespace: str, name: str = testbed.RELEASE) -> str:
    """Return the state of a release's last revision: deployed, pending-upgrade, failed, ..."""
    found: Any = json.loads(helm("status", name, "--output", "json", namespace=namespace))
    return str(found["info"]["status"])
