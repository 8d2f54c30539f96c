"""How many pods an autoscaler wants, how many there are, and what it sees of them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from itertools import pairwise

from tests.smoke.release import Release
from tools.quantities import quantity

Series = dict[str, list[tuple[float, float]]]


@dataclass
class Replicas:
    """What was seen at each look, by component, in seconds since `origin`."""

    there: Release
    origin: float = field(default_factory=time.time)
    wanted: Series = field(default_factory=dict)
    ready: Series = field(default_factory=dict)

    def look(self) -> dict[str, int]:
        """Write down what there is; return the ready pods of each component."""
        seconds, now = time.time() - self.origin, {}
        for item in self.there.get("deployments")["items"]:
            name = item["metadata"]["name"]
            now[name] = int(item["status"].get("readyReplicas", 0))
            self.ready.setdefault(name, []).append((seconds, now[name]))
            self.wanted.setdefault(name, []).append((seconds, item["spec"]["replicas"]))
        return now

    def steps(self, name: str, since: float) -> list[tuple[float, int, int]]:
        """Return the changes of what is wanted from `since` on, as (second, from, to)."""
        series = [(second, int(count)) for second, count in self.wanted[name] if second >= since]
        return [(then, old, new) for (_, old), (then, new) in pairwise(series) if old != new]


def cpu(there: Release, name: str) -> float:
    """Return the mean CPU use of a component's pods in cores, as the autoscaler sees it."""
    selector = f"labelSelector=app.kubernetes.io/component={name}"
    path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{there.namespace}/pods?{selector}"
    pods = json.loads(there.kubectl("get", "--raw", path))["items"]
    used = [quantity(container["usage"]["cpu"]) for pod in pods for container in pod["containers"]]
    return sum(used) / len(pods)
