"""A client that writes without end, straight to the database, and keeps a list of what it was told.

It is a pod of the namespace, on the control plane, so that no fault of a worker ends it. A write
counts when the answer to its COMMIT has arrived.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.database import psql
from tests.smoke.release import Release
from tools import testbed
from tools.cluster import NAME
from tools.poll import until
from tools.testbed import TestBed

POD = "ledger"
PROGRAM = Path(__file__).with_suffix(".mjs")
START_SECONDS = 60
PRESENT = "SELECT number FROM ledger WHERE content = md5(number::text)"


@dataclass(frozen=True)
class Entry:
    """What the client was told of one write, and when (seconds since the epoch).

    Acknowledged, it says since when the connection was open; else why it failed.
    """

    time: float
    number: int
    since: float | None
    reason: str

    @property
    def acknowledged(self) -> bool:
        """Tell whether the answer to its COMMIT has arrived."""
        return self.since is not None


@dataclass(frozen=True)
class Ledger:
    """The list that the client keeps, and the database that should hold all of it."""

    release: Release

    def entries(self) -> list[Entry]:
        """Return everything that the client was told so far, in order."""
        return [_entry(line) for line in self.release.kubectl("logs", POD).splitlines()]

    def acknowledged(self) -> set[int]:
        """Return the writes whose COMMIT was answered."""
        return {entry.number for entry in self.entries() if entry.acknowledged}

    def lost(self) -> set[int]:
        """Return the acknowledged writes that the database does not hold as they were written."""
        told = self.acknowledged()
        return told - {int(number) for number in psql(self.release, PRESENT).split()}

    def failures(self, since: float) -> list[Entry]:
        """Return the writes that failed since a moment."""
        return [e for e in self.entries() if e.time >= since and not e.acknowledged]

    def recovery(self, since: float, *, seconds: float) -> float:
        """Wait for a write on a connection that was opened after a moment.

        Connections last until they break, so there is none before the fault of that moment.

        Returns:
            the seconds from the moment to that write's acknowledgement.

        Raises:
            ToolError: there is none within `seconds`.
        """

        def back() -> float | None:
            after = (e.time for e in self.entries() if e.since is not None and e.since >= since)
            return next(after, None)

        return until(back, seconds=seconds, what="writes on a new connection") - since


@contextmanager
def kept(bed: TestBed, release: Release, *, authority: str = "") -> Iterator[Ledger]:
    """Start the client, wait for its first acknowledged write, and end it afterwards.

    `authority` is the Secret with the `ca.crt` of the database, where it serves TLS.
    """
    namespace = release.namespace
    image = next(image.reference for image in bed.images if image.component == "api")
    for manifest in (_access(), _pod(image, authority)):
        manifest["metadata"]["namespace"] = namespace
        testbed.apply(bed.cluster, manifest)
    ledger = Ledger(release)
    try:
        bed.cluster.kubectl(
            *("wait", f"pod/{POD}", "-n", namespace, f"--timeout={START_SECONDS}s"),
            "--for=condition=Ready",
        )
        until(ledger.acknowledged, seconds=START_SECONDS, what="the first acknowledged write")
        yield ledger
    finally:
        bed.cluster.kubectl("delete", f"pod/{POD}", "-n", namespace, "--wait=false")


def _entry(line: str) -> Entry:
    time, sign, number, rest = line.split(" ", 3)
    since = int(rest) / 1000 if sign == "+" else None
    return Entry(int(time) / 1000, int(number), since, "" if sign == "+" else rest)


def _access() -> dict[str, Any]:
    """Return the policy that lets the client in: policies add up."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": POD},
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/component": "db"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": POD}}}]}],
        },
    }


def _pod(image: str, authority: str) -> dict[str, Any]:
    """Return the client's pod: the API's image, which has a driver and the rights it needs."""
    container: dict[str, Any] = {
        "name": POD,
        "image": image,
        "command": ["node", "--input-type=module", "--eval", PROGRAM.read_text(encoding="utf-8")],
        "env": [
            {
                "name": "DATABASE_URL",
                "valueFrom": {"secretKeyRef": {"name": "api", "key": "DATABASE_URL"}},
            }
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    spec: dict[str, Any] = {
        "nodeName": f"{NAME}-control-plane",
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "enableServiceLinks": False,
        "containers": [container],
    }
    if authority:
        container["volumeMounts"] = [{"name": "authority", "mountPath": "/etc/database-ca"}]
        items = [{"key": "ca.crt", "path": "ca.crt"}]
        secret = {"secretName": authority, "items": items}
        spec["volumes"] = [{"name": "authority", "secret": secret}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "labels": {"app": POD}},
        "spec": spec,
    }
