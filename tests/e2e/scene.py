"""What a database suffers, and what a client sees of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.e2e.installation import Installation
from tests.e2e.ledger import Ledger
from tools import rollout
from tools.paths import CHART
from tools.poll import until
from tools.testbed import TestBed

# Long enough to tell a slow return from none.
READY_SECONDS = 180


class Scene(Installation):
    """A release whose database suffers."""

    @property
    def ledger(self) -> Ledger:
        """Return the list that the client keeps."""
        return Ledger(self.there)

    def settle(self) -> None:
        """Wait until the database is rolled out and ready."""
        self.there.kubectl("rollout", "status", "statefulset/db", f"--timeout={READY_SECONDS}s")
        until(self.ready, seconds=READY_SECONDS, what="db-0 to be ready")

    def server(self) -> str:
        """Return the id of the container in which PostgreSQL runs, or nothing."""
        for status in (s for pod in self.there.pods("db") for s in rollout.statuses(pod)):
            if status["name"] == "postgres" and "running" in status["state"]:
                return str(status["containerID"]).removeprefix("containerd://")
        return ""

    def node(self) -> str:
        """Return the node that the database is on."""
        (pod,) = self.there.pods("db")
        return str(pod["spec"]["nodeName"])

    def ready(self) -> bool:
        """Tell whether db-0 is ready."""
        return any(rollout.ready(pod) for pod in self.there.pods("db"))

    def suffer(self, fault: Callable[[Scene], None]) -> tuple[float, float]:
        """Let something happen that ends the server, and wait until another one is ready.

        Returns:
            when it began (seconds since the epoch), and how long it took until db-0 was ready and
            the client's writes were acknowledged again.
        """
        before, began = self.server(), time.time()
        fault(self)
        until(
            lambda: self.ready() and self.server() not in ("", before),
            seconds=READY_SECONDS,
            what="another server to be ready",
        )
        ready = time.time() - began
        return began, max(ready, self.ledger.recovery(began, seconds=READY_SECONDS))


def begin(
    bed: TestBed, namespace: str, *flags: str, chart: Path = CHART, values: Mapping[str, Any] = {}
) -> Scene:
    """Install a release and wait for its database; `values` are merged over the test bed's."""
    scene = Scene.room(bed, namespace, values)
    scene.install(*flags, chart=chart, wait=False)
    scene.settle()
    return scene
