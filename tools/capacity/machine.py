"""What a process and its whole machine use, from Linux's /proc."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tools.capacity.usage import Sample
from tools.errors import ToolError

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def process(pid: int, proc: Path = PROC) -> Sample | None:
    """Return what a process has used up to now; None if it is over."""
    try:
        # The name in parentheses may hold anything; what follows is proc(5)'s field 3 and on.
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, pages = int(fields[11]), int(fields[12]), int(fields[21])
    return Sample(time.time(), (user + system) / TICKS, pages * PAGE)


def machine(proc: Path = PROC) -> Sample:
    """Return what the machine has used up to now: CPU that was not idle, memory not available.

    Raises:
        ToolError: this is no Linux.
    """
    try:
        fields = [int(word) for word in (proc / "stat").read_text().split("\n")[0].split()[1:]]
        memory = _memory(proc)
    except OSError as error:
        raise ToolError(
            f"Load is measured with Linux's /proc, and there is none: {error}"
        ) from error
    # user, nice, system, idle, iowait, irq, softirq, steal; what guests use is part of user.
    busy = sum(fields[:8]) - fields[3] - fields[4]
    return Sample(time.time(), busy / TICKS, memory["MemTotal"] - memory["MemAvailable"])


def cores() -> int:
    """Return how many cores the machine has."""
    return os.cpu_count() or 1


def total_memory(proc: Path = PROC) -> int:
    """Return the machine's memory in bytes."""
    return _memory(proc)["MemTotal"]


def free_memory(proc: Path = PROC) -> int:
    """Return the memory in bytes that programs may still have."""
    return _memory(proc)["MemAvailable"]


def outgoing_ports(proc: Path = PROC) -> int:
    """Return how many connections the machine can have to one address."""
    first, last = map(int, (proc / "sys/net/ipv4/ip_local_port_range").read_text().split())
    return last - first + 1


def _memory(proc: Path) -> dict[str, int]:
    lines = (line.split() for line in (proc / "meminfo").read_text().splitlines())
    return {name.rstrip(":"): int(number) * 1024 for name, number, *_ in lines}
