"""A node disappears, the database's at that, and comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e import ledger, nodes, scene, visitor
from tests.e2e.database import integrity
from tests.e2e.visitor import EMPTY, Visitor
from tools import rollout
from tools.errors import ToolError
from tools.poll import until
from tools.report.parts import Table, save
from tools.testbed import TestBed

# Kubernetes takes a node for lost when it has been silent for 50 s.
SILENT_SECONDS = 120
# It then takes five minutes to start the node's pods elsewhere: pages cannot wait for that.
PAGES_SECONDS = 120
BACK_SECONDS = 180
TWO = ",".join(f"{component}.autoscaling.minReplicas=2" for component in ("api", "web"))


def without_the_edge(bed: TestBed) -> str:
    """Return the worker on which the edge's pod is not, so that users can still come in."""
    pods = bed.cluster.get("pods", "-n", "traefik")["items"]
    taken = {pod["spec"]["nodeName"] for pod in pods}
    return next(node for node in nodes.workers(bed) if node not in taken)


def pinned(node: str) -> dict[str, dict[str, str]]:
    """Return the values that keep a component on one node."""
    return {"nodeSelector": {"kubernetes.io/hostname": node}}


def lost_by(bed: TestBed, node: str) -> bool:
    """Tell whether Kubernetes takes a node for lost."""
    conditions = bed.cluster.get("node", node)["status"]["conditions"]
    return any(c["type"] == "Ready" and c["status"] == "Unknown" for c in conditions)


@contextmanager
def lost(bed: TestBed, node: str) -> Iterator[float]:
    """Stop a node, and start it again; yield when Kubernetes takes it for lost."""
    bed.cluster.engine.run("stop", node)
    try:
        until(lambda: lost_by(bed, node), seconds=SILENT_SECONDS, what="its loss to be seen")
        yield time.time()
    finally:
        bed.cluster.engine.run("start", node)


def pages(user: Visitor, since: float) -> float:
    """Return since when the other node's pods serve every page."""
    served = {"page": {"200", EMPTY}}
    return until(
        lambda: user.served(since, served), seconds=PAGES_SECONDS, what="all pages to be served"
    )


@pytest.mark.full
@pytest.mark.row("B7", "B11")
def test_pages_come_from_the_other_node_and_the_data_with_its_own(
    bed: TestBed, namespace: str
) -> None:
    node = without_the_edge(bed)
    values = {"db": pinned(node)}
    there = scene.begin(bed, namespace, "--set", TWO, values=values)
    rollout.wait(bed.cluster, namespace, seconds=scene.READY_SECONDS)
    before = {pod["metadata"]["uid"] for pod in there.there.pods("db")}
    with (
        ledger.kept(bed, there.there),
        there.there.edge(None, None) as edge,
        visitor.visiting(there.there, edge) as user,
    ):
        until(lambda: user.served(0), seconds=30, what="the first answers")
        began = time.time()
        with lost(bed, node) as noticed:
            served = pages(user, noticed)
        started = time.time()
        back = until(lambda: user.served(started), seconds=BACK_SECONDS, what="the API to serve")
        writes = there.ledger.recovery(started, seconds=BACK_SECONDS)
        there.settle()
        missing, damage = there.ledger.lost(), integrity(there.there)
    seen = {"pages": served - began, "pages and the API": back - started, "writes": writes}
    rows = [[what, f"{seconds:.0f}"] for what, seconds in seen.items()]
    after = {pod["metadata"]["uid"] for pod in there.there.pods("db")}
    note = (
        f"The database's node was away for {started - began:.0f} s. Pages come from the other node "
        "as soon as Kubernetes takes this one for lost; the API waits for its database. Seconds "
        "from the end of the node, and for the last two from its return."
    )
    save("lost-node", Table("A node that disappears", note, ("served again", "s after"), rows))
    assert not missing
    assert not damage
    assert after == before


@pytest.mark.full
@pytest.mark.row("B11")
def test_control_with_every_pod_on_the_lost_node_there_are_no_pages(
    bed: TestBed, namespace: str
) -> None:
    node = without_the_edge(bed)
    values = {"db": pinned(node), "web": pinned(node)}
    there = scene.begin(bed, namespace, "--set", TWO, values=values)
    rollout.wait(bed.cluster, namespace, seconds=scene.READY_SECONDS)
    with (
        there.there.edge(None, None) as edge,
        visitor.visiting(there.there, edge) as user,
    ):
        until(lambda: user.served(0), seconds=30, what="the first answers")
        with (
            lost(bed, node) as noticed,
            pytest.raises(ToolError, match="all pages to be served in vain"),
        ):
            pages(user, noticed)
        started = time.time()
        until(lambda: user.served(started), seconds=BACK_SECONDS, what="all to be served")
