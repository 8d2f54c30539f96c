"""Replicas spread over nodes that have no zone, also where one of them has more room.

The scheduler decides that; nobody waits for the pods to be ready.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e import nodes, patched, pods
from tests.e2e.site import Site, component
from tools.paths import CHART
from tools.poll import until
from tools.quantities import quantity
from tools.testbed import TestBed

REPLICAS = 3
# Cores that the fuller worker keeps: enough for all pods here, and so few that the scheduler would
# rather have everything on the other one, whatever comes or goes there meanwhile.
LEFT = 0.3
LITTLE = {"resources": {"requests": {"cpu": "10m", "memory": "32Mi"}}}
VALUES = {
    name: {"replicas": REPLICAS, "autoscaling": {"enabled": False}, **LITTLE}
    for name in ("api", "web")
}
ZONES = """topologySpreadConstraints:
  - topologyKey: topology.kubernetes.io/zone
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
"""


def free(bed: TestBed, node: str) -> float:
    """Return the cores of a node that no pod has asked for."""
    allocatable = bed.cluster.get(f"node/{node}")["status"]["allocatable"]["cpu"]
    found = bed.cluster.get("pods", "--all-namespaces", f"--field-selector=spec.nodeName={node}")
    return quantity(allocatable) - sum(
        quantity(container.get("resources", {}).get("requests", {}).get("cpu", "0"))
        for pod in found["items"]
        if pod["status"]["phase"] in ("Pending", "Running")
        for container in pod["spec"]["containers"]
    )


def nobody_leaves(bed: TestBed) -> bool:
    """Tell whether no pod of the cluster is being deleted."""
    found = bed.cluster.get("pods", "--all-namespaces")["items"]
    return not any("deletionTimestamp" in pod["metadata"] for pod in found)


@pytest.fixture(scope="module", autouse=True)
def one_is_fuller(bed: TestBed, module_namespace: str) -> Iterator[None]:
    """Fill the worker that has less room, once the pods of earlier tests are gone."""
    until(partial(nobody_leaves, bed), seconds=120, what="no pod to be on its way out")
    room, node = min((free(bed, node), node) for node in nodes.workers(bed))
    spec = {**pods.spec(bed), "nodeName": node}
    spec["containers"][0]["resources"] = {"requests": {"cpu": f"{max(room - LEFT, 0):.3f}"}}
    with pods.running(bed, module_namespace, {"idle-large": {}}, like=spec):
        yield


def placed(bed: TestBed, namespace: str, chart: Path = CHART) -> dict[str, set[str]]:
    """Install a release; return the nodes of each component."""
    site = Site.room(bed, namespace, VALUES)
    site.install(chart=chart, wait=False)

    def all_placed() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {"api": [], "web": []}
        for pod in site.pods():
            found[component(pod)].append(pod["spec"].get("nodeName", ""))
        done = all(len(places) == REPLICAS and all(places) for places in found.values())
        return found if done else {}

    found = until(all_placed, seconds=30, what="all pods to have a node")
    return {name: set(places) for name, places in found.items()}


@pytest.mark.row("B11")
def test_replicas_are_on_both_nodes(bed: TestBed, namespace: str) -> None:
    workers = set(nodes.workers(bed))
    assert placed(bed, namespace) == dict.fromkeys(VALUES, workers)


@pytest.mark.row("B11")
def test_control_with_zones_as_another_constraint_they_are_not(
    bed: TestBed, namespace: str
) -> None:
    def with_zones(text: str) -> str:
        head, tail = text.split("topologySpreadConstraints:\n")
        return head + ZONES + tail

    with patched.changed({"templates/_pod.tpl": with_zones}) as chart:
        found = placed(bed, namespace, chart)
    assert {name: len(nodes) for name, nodes in found.items()} == dict.fromkeys(VALUES, 1)
