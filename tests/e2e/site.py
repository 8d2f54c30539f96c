"""A release of a test's own, set up as in production, for load to be put on."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.e2e.helm import helm
from tests.e2e.installation import Installation
from tools import rollout
from tools.paths import REPOSITORY
from tools.poll import until

# A pod that goes may take the whole of its grace period.
SETTLE_SECONDS = 180
# Each look starts a kubectl, which must not take the CPU from what is measured.
LOOK_SECONDS = 1.5


class Site(Installation):
    """A release for load to be put on."""

    files = (REPOSITORY / "values/production.yaml", REPOSITORY / "tests/e2e/overlays/load.yaml")

    @property
    def stateless(self) -> str:
        """Select what carries the load, and what an operator may move without asking."""
        return f"app.kubernetes.io/instance={self.name},app.kubernetes.io/component in (api,web)"

    def roll_back(self) -> None:
        """Go back to the revision before this one, as documented."""
        helm("rollback", self.name, namespace=self.name)
        rollout.wait(self.bed.cluster, self.name, seconds=SETTLE_SECONDS)

    def restart(self) -> None:
        """Replace all pods of web and API, and wait until the new ones are ready."""
        self.there.kubectl("rollout", "restart", "deployment/api", "deployment/web")
        rollout.wait(self.bed.cluster, self.name, seconds=SETTLE_SECONDS)

    def pods(self) -> list[dict[str, Any]]:
        """Return all pods of web and API, those on their way out included."""
        found: list[dict[str, Any]] = self.there.get("pods", "", "-l", self.stateless)["items"]
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
