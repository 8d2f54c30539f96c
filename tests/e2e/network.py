"""The network as each party sees it: who opens a connection to whom, and who should.

A source is a network namespace on a node: a pod's, or the node's own. The probe runs there, as
Node.js from a pod of ours on the same node, so that it needs nothing from the image of the source.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.e2e.inside import Node
from tests.template.edges import Edge
from tools.cluster import Cluster
from tools.proc import together
from tools.report.parts import Cell, Matrix

PROBE = Path(__file__).with_name("probe.cjs").read_text(encoding="utf-8")
# What a name server that is reached is asked for.
NAME = "kubernetes.default.svc.cluster.local"
CONNECTS, REFUSED = "connects", "refused"


@dataclass(frozen=True)
class Source:
    """Who connects: a row. `party` is its name in the table of edges, if it has one."""

    name: str
    party: str
    node: str
    address: str = ""  # a pod's
    process: int = 0  # one in its network namespace; 0 for the node itself
    ours: bool = False  # a pod of the release, for which policies hold


@dataclass(frozen=True)
class Target:
    """Where to: a column."""

    name: str
    party: str
    host: str
    port: int
    protocol: str = "TCP"
    node: str = ""  # where the pod runs, if it is one
    ours: bool = False


@dataclass(frozen=True)
class Survey:
    """What came of each source with each target, beside what should."""

    sources: list[Source]
    targets: list[Target]
    found: list[list[str]]
    expected: list[list[str]]

    def wrong(self) -> set[tuple[str, str, str]]:
        """Return what is not as it should be, as (source, target, what was found)."""
        return {
            (source.name, target.name, found)
            for source, row, promises in zip(self.sources, self.found, self.expected, strict=True)
            for target, found, promise in zip(self.targets, row, promises, strict=True)
            if found != promise
        }

    def forbidden(self) -> set[tuple[str, str]]:
        """Return the pairs that should not connect."""
        return {
            (source.name, target.name)
            for source, promises in zip(self.sources, self.expected, strict=True)
            for target, promise in zip(self.targets, promises, strict=True)
            if promise == REFUSED
        }

    def matrix(self, title: str) -> Matrix:
        """Draw it."""
        cells = [
            [
                Cell(found, "good" if found == promise else "bad")
                for found, promise in zip(row, promises, strict=True)
            ]
            for row, promises in zip(self.found, self.expected, strict=True)
        ]
        note = (
            "Each row opens a connection to each column, from its own network namespace. Green is "
            "as network-edges.yaml has it: what it lists connects, everything else is refused. "
            "Kubernetes itself always lets a pod reach itself, and a node its own pods."
        )
        rows = [source.name for source in self.sources]
        return Matrix(title, note, rows, [target.name for target in self.targets], cells)


def promised(source: Source, target: Target, edges: set[Edge]) -> str:
    """Return what should come of a source with a target."""
    itself = source.address == target.host
    own_node = not source.process and source.node == target.node
    outside = not source.ours and not target.ours
    listed = Edge(source.party, target.party, target.port, target.protocol) in edges
    return CONNECTS if itself or own_node or outside or listed else REFUSED


def survey(
    cluster: Cluster,
    sources: list[Source],
    targets: list[Target],
    edges: set[Edge],
    probers: dict[str, int],
) -> Survey:
    """Let each source open a connection to each target.

    `probers` holds, for each node, a process of a container that has Node.js.

    Raises:
        ToolError: a probe cannot be run.
    """
    query = json.dumps({"name": NAME, "targets": [asdict(target) for target in targets]})

    def probe(source: Source) -> list[str]:
        net = [f"--net=/proc/{source.process}/ns/net"] if source.process else []
        enter = ["nsenter", f"--target={probers[source.node]}", "--mount", *net]
        output = cluster.engine.run("exec", source.node, *enter, "node", "-e", PROBE, query)
        outcomes: list[str] = json.loads(output)
        return outcomes

    found = together(*(lambda source=source: probe(source) for source in sources))
    expected = [[promised(source, target, edges) for target in targets] for source in sources]
    return Survey(sources, targets, found, expected)


def numbered(pods: Iterable[dict[str, Any]]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return pods as (name, component, pod): named by component, numbered where it has more."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for pod in pods:
        groups.setdefault(pod["metadata"]["labels"]["app.kubernetes.io/component"], []).append(pod)
    return [
        (f"{component} {number}" if len(group) > 1 else component, component, pod)
        for component, group in sorted(groups.items())
        for number, pod in enumerate(group, 1)
    ]


def ports(node: Node, pod: dict[str, Any]) -> tuple[set[int], set[int]]:
    """Return the TCP ports of a pod: those that it declares, and those that listen."""
    declared = {
        port["containerPort"]
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
    }
    return declared, node.listening(node.process(pod))
