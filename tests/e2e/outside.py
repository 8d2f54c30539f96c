"""An outside that answers, wherever the tests run: addresses of the control plane's node.

No test can rely on a public address: many machines reach none, and on some a proxy answers for all
of them. So the node gets one that is nobody's (RFC 5737), and the workers a way to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.e2e.inside import Node
from tools.cluster import Cluster

PUBLIC = "192.0.2.1"
PORTS = (80, 443)
# The listeners end by themselves, should this process be killed.
LISTEN = """
ip address replace "$1/32" dev lo
for port in 80 443; do
  timeout 600 socat "TCP4-LISTEN:$port,fork,reuseaddr" OPEN:/dev/null >/dev/null 2>&1 &
  echo $!
done
"""
STOP = 'kill "${@:2}"; ip address delete "$1/32" dev lo'


@dataclass(frozen=True)
class Outside:
    """Two addresses with listeners on 80 and 443: a public one, and one of a private range."""

    public: str
    private: str


@contextmanager
def outside(cluster: Cluster) -> Iterator[Outside]:
    """Let something outside the cluster's network answer."""
    nodes = cluster.get("nodes")["items"]
    role = "node-role.kubernetes.io/control-plane"
    (control,) = (node for node in nodes if role in node["metadata"]["labels"])
    (private,) = (
        each["address"] for each in control["status"]["addresses"] if each["type"] == "InternalIP"
    )
    server = Node(cluster, control["metadata"]["name"])
    workers = [Node(cluster, node["metadata"]["name"]) for node in nodes if node is not control]
    pids = server.bash(LISTEN, PUBLIC).split()
    try:
        for worker in workers:
            worker.bash('ip route replace "$1/32" via "$2"', PUBLIC, private)
        yield Outside(PUBLIC, private)
    finally:
        for worker in workers:
            worker.bash('ip route delete "$1/32" || true', PUBLIC)
        server.bash(STOP, PUBLIC, *pids)
