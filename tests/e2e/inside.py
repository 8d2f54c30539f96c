"""Containers as their nodes see them, so that an image without a shell is looked into as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tools.cluster import CTR, Cluster
from tools.rollout import statuses

# State of a socket that listens, in /proc/net/tcp.
LISTEN = "0A"
# ::1, and what IPv4 addresses begin with in IPv6, there.
LOOPBACK, MAPPED = f"{'0' * 24}01000000", f"{'0' * 16}FFFF0000"


@dataclass
class Node:
    """A node of the kind cluster, which is a container of the engine."""

    cluster: Cluster
    name: str

    def bash(self, script: str, *arguments: str) -> str:
        """Run a script as root of the node; return what it printed."""
        return self.cluster.engine.run("exec", self.name, "bash", "-c", script, "bash", *arguments)

    @cached_property
    def processes(self) -> dict[str, int]:
        """The first process of each running container, by the container's id."""
        lines = self.cluster.engine.run("exec", self.name, *CTR, "tasks", "list").splitlines()[1:]
        return {identity: int(pid) for identity, pid, _ in (line.split() for line in lines)}

    def process(self, pod: dict[str, Any]) -> int:
        """Return a process in the pod's network namespace, whichever of its containers it is of."""
        return next(pid for _, pid in self.containers(pod))

    def containers(self, pod: dict[str, Any]) -> Iterator[tuple[str, int]]:
        """Yield name and first process of each container of a pod that runs now."""
        for status in statuses(pod):
            identity = status.get("containerID", "").removeprefix("containerd://")
            if identity in self.processes:
                yield status["name"], self.processes[identity]

    def listening(self, pid: int) -> set[int]:
        """Return the TCP ports that listen to more than the loopback where a process lives."""
        table = self.bash('tail -q -n +2 "/proc/$1/net/tcp" "/proc/$1/net/tcp6"', str(pid))
        found = set()
        for line in table.splitlines():
            _, local, _, state = line.split()[:4]
            address, port = local.split(":")
            if state == LISTEN and not _loopback(address):
                found.add(int(port, 16))
        return found


def _loopback(address: str) -> bool:
    """Tell whether an address, as /proc/net writes it (words in host order), is the loopback's."""
    if len(address) > len("0100007F") and not address.startswith(MAPPED):
        return address == LOOPBACK
    return address.endswith("7F")
