"""A release of a test's own, set up as in production, for load to be put on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.helm import helm
from tests.smoke.release import Release
from tools import release, rollout, testbed
from tools.paths import CHART, REPOSITORY
from tools.poll import until
from tools.testbed import TestBed

NAME = "load"
VALUES = [REPOSITORY / "values/production.yaml", REPOSITORY / "tests/e2e/overlays/load.yaml"]
# What carries the load, and what an operator may move without a word to its users.
STATELESS = f"app.kubernetes.io/instance={NAME},app.kubernetes.io/component in (api,web)"
# A pod that goes may take the whole of its grace period.
SETTLE_SECONDS = 180
# Each look starts a kubectl, which must not take the CPU from what is measured.
LOOK_SECONDS = 1.5


@dataclass
class Site:
    """The release, and the values that it was installed with last; change them and `upgrade`."""

    bed: TestBed
    there: Release
    values: dict[str, Any]
    chart: Path = CHART

    @classmethod
    def room(cls, bed: TestBed, namespace: str) -> Site:
        """Make a namespace ready for it."""
        values = testbed.room(bed, namespace, f"{namespace}.localhost")
        return cls(bed, Release(namespace, ""), values)

    def upgrade(self, *flags: str) -> None:
        """Install it, or upgrade to what its values say and the flags change."""
        release.install(
            self.bed.cluster,
            self.values,
            chart=self.chart,
            values=VALUES,
            flags=flags,
            namespace=self.there.namespace,
            name=NAME,
        )

    def roll_back(self) -> None:
        """Go back to the revision before this one, as documented."""
        helm("rollback", NAME, namespace=self.there.namespace)
        rollout.wait(self.bed.cluster, self.there.namespace, seconds=SETTLE_SECONDS)

    def restart(self) -> None:
        """Replace all pods of web and API, and wait until the new ones are ready."""
        self.there.kubectl("rollout", "restart", "deployment/api", "deployment/web")
        rollout.wait(self.bed.cluster, self.there.namespace, seconds=SETTLE_SECONDS)

    def pods(self) -> list[dict[str, Any]]:
        """Return all pods of web and API, those on their way out included."""
        found: list[dict[str, Any]] = self.there.get("pods", "", "-l", STATELESS)["items"]
        return found

    def settle(self, **replicas: int) -> None:
        """Wait until so many pods of each component are ready, and no other is left."""

        def settled() -> bool:
            pods = self.pods()
            going = any("deletionTimestamp" in pod["metadata"] for pod in pods)
            ready = Counter(component(pod) for pod in pods if rollout.ready(pod))
            return not going and ready == replicas and len(pods) == sum(replicas.values())

        until(
            settled,
            seconds=SETTLE_SECONDS,
            what=f"the pods to be {replicas}, and no more",
            every=LOOK_SECONDS,
        )


def component(pod: dict[str, Any]) -> str:
    """Return the component that a pod is of."""
    return str(pod["metadata"]["labels"]["app.kubernetes.io/component"])
