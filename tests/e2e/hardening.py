"""What a container's processes may do, read from outside: rights, and where they can write.

The kernel tells it in /proc, on the node. Files are tried through /proc/PID/root, which sees the
container's own mounts: as root of the node, whom only a read-only mount can stop, and with the user
and groups of the container's process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.e2e.inside import Node

SYSTEM = ("/", "/etc", "/usr")
TOKEN = "/run/secrets/kubernetes.io/serviceaccount"
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
SECCOMP_FILTER = "2"
# What every container gets from its runtime, for any user.
RUNTIME = {"/dev/shm", "/dev/mqueue"}  # noqa: S108 (they are looked at)
# A volume of these is read-only in any case.
READ_ONLY = {"configMap", "secret", "projected", "downwardAPI"}

STATUSES = """
for process in /proc/[0-9]*; do
  [ "$process/ns/mnt" -ef "/proc/$1/ns/mnt" ] && { cat "$process/status"; echo; }
done
true
"""
MOUNTS = """awk '$5 !~ "^/(proc|sys)(/|$)" {print $5}' "/proc/$1/mountinfo"
"""
# Prints each of the folders in which a file can be made.
WRITE = """
pid=$1; shift
as=(); [ "$1" = root ] || as=(setpriv --reuid "$1" --regid "$2" "--groups=$3"); shift 3
for folder; do
  cd "/proc/$pid/root$folder" 2>/dev/null || continue
  "${as[@]}" touch .can-be-written 2>/dev/null && { rm .can-be-written; echo "$folder"; }
done
true
"""


@dataclass(frozen=True)
class Container:
    """A container that runs: its pod, its name, its first process and that one's node."""

    pod: dict[str, Any]
    name: str
    node: Node
    process: int

    def __str__(self) -> str:
        """Return where it is, for a message."""
        return f"{self.pod['metadata']['name']}/{self.name}"

    @property
    def statuses(self) -> list[dict[str, str]]:
        """Return /proc/PID/status of each process that sees the container's files."""
        texts = self.node.bash(STATUSES, str(self.process)).strip().split("\n\n")
        return [
            {
                key: value.strip()
                for key, value in (line.split(":", 1) for line in text.splitlines())
            }
            for text in filter(None, texts)
        ]

    def complaints(self) -> list[str]:
        """Return what is not as `restricted`, and more than that, demands."""
        statuses = self.statuses
        mounts = self.node.bash(MOUNTS, str(self.process)).split()
        found = [problem for status in statuses for problem in _rights(status)]
        if roots := self._writable("root", *SYSTEM):
            found.append(f"its own files can be changed: {roots}")
        if TOKEN in map(_real, mounts):
            found.append("a token of its service account is mounted")
        user, group = (statuses[0][key].split()[0] for key in ("Uid", "Gid"))
        groups = ",".join(statuses[0]["Groups"].split()) or group
        writable = self._writable(user, *mounts, *SYSTEM, group=group, groups=groups)
        declared = self._declared() | RUNTIME & set(mounts)
        if set(map(_real, writable)) != set(map(_real, declared)):
            found.append(f"it can write to {sorted(writable)}, declared are {sorted(declared)}")
        return [f"{self}: {problem}" for problem in found]

    def _writable(self, user: str, *folders: str, group: str = "", groups: str = "") -> set[str]:
        return set(
            self.node.bash(WRITE, str(self.process), user, group, groups, *folders).splitlines()
        )

    def _declared(self) -> set[str]:
        """Return the mounts that the pod declares and that are not read-only."""
        spec = self.pod["spec"]
        (own,) = (
            container
            for container in [*spec.get("initContainers", []), *spec["containers"]]
            if container["name"] == self.name
        )
        fixed = {volume["name"] for volume in spec.get("volumes", []) if READ_ONLY & volume.keys()}
        return {
            mount["mountPath"]
            for mount in own.get("volumeMounts", [])
            if not mount.get("readOnly") and mount["name"] not in fixed
        }


def running(nodes: dict[str, Node], pod: dict[str, Any]) -> Iterator[Container]:
    """Yield each container of a pod that runs now, init containers among them."""
    node = nodes[pod["spec"]["nodeName"]]
    for name, process in node.containers(pod):
        yield Container(pod, name, node, process)


def _real(folder: str) -> str:
    """Return where a folder is in images whose /var/run is a link to /run."""
    return folder.removeprefix("/var") if folder.startswith("/var/run/") else folder


def _rights(status: dict[str, str]) -> Iterator[str]:
    """Yield what a process may do that it should not be able to."""
    who = f"{status['Name']} (process {status['Pid']})"
    if "0" in status["Uid"].split() or "0" in status["Gid"].split():
        yield f"{who} runs as user {status['Uid'].split()} and group {status['Gid'].split()}"
    if any(int(status[key], 16) for key in CAPABILITIES):
        yield f"{who} has capabilities: {[status[key] for key in CAPABILITIES]}"
    if status["NoNewPrivs"] != "1":
        yield f"{who} may gain privileges"
    if status["Seccomp"] != SECCOMP_FILTER:
        yield f"{who} runs without a seccomp filter"
