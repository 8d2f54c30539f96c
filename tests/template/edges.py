"""Who may reach whom in an install: network-edges.yaml with its values filled in."""

from __future__ import annotations

from typing import NamedTuple

from tests.template.catalogue import CATALOGUE
from tests.template.chart import Values, network_edges


class Edge(NamedTuple):
    """One party may open connections to another, at one port."""

    source: str
    target: str
    port: int
    protocol: str


def edges(values: Values) -> set[Edge]:
    """Return the edges of an install with these (effective) values."""
    internal = values["db"]["mode"] == "internal"
    ports = {
        ("api", "http"): values["api"]["port"],
        ("web", "http"): values["web"]["port"],
        ("pooler", "postgres"): values["pooler"]["port"],
        ("db", "postgres"): values["db"]["port"] if internal else values["db"]["external"]["port"],
        ("db", "metrics"): values["db"]["exporter"]["port"],
    }
    routed = {route["component"] for route in values["edge"]["routes"]}
    external = values["networkPolicy"]["externalHttps"]["enabled"]
    pooler = values["pooler"]
    return {
        Edge(row["from"], row["to"], ports.get((row["to"], row["port"]), row["port"]), protocol)
        for row in network_edges()
        for protocol in row.get("protocols", ["TCP"])
        if not (row["from"] == "edge" and row["to"] not in routed)
        and not (row["to"] == "internet" and not external)
        and not (row["to"] == "pooler" and not pooler["enabled"])
        and not (
            (row["from"], row["to"]) == ("api", "db") and pooler["enabled"] and pooler["required"]
        )
        and all(CATALOGUE[end].present(values) for end in {row["from"]} & CATALOGUE.keys())
    }
