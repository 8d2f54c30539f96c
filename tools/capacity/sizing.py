"""What production needs for so many users, from what a request was measured to cost.

The arithmetic is explained in the chart's docs/sizing.md, which holds what this prints.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.capacity.figures import EVERYTHING, Figures
from tools.capacity.limits import SCALED, pods
from tools.quantities import MIB, quantity

USERS = (5_000, 10_000, 20_000, 50_000)
# What else connects to the database: the exporter, the chart's jobs, the superuser's reserve.
OTHER_CONNECTIONS = 3 + 2 + 3
# The autoscaler's target for memory; what a pod holds must stay below it.
MEMORY_TARGET = 0.8
MEMORY_STEP = 64 * MIB
# Components that a request passes through.
ON_THE_WAY = ("edge", "web", "api", "pooler", "db")


@dataclass(frozen=True)
class Need:
    """What so many users need: `cores` by component, `pods` and `most_pods` of those that scale."""

    users: int
    rate: float
    cores: Mapping[str, float]
    pods: Mapping[str, int]
    most_pods: Mapping[str, int]
    max_connections: int


def need(figures: Figures, values: Mapping[str, Any], users: int) -> Need:
    """Return what `users` need who are like those of the run, with these values of the chart.

    The autoscaler may go to twice the pods: as much again for a peak, or for nodes that are slower.
    """
    rate = users / figures.think
    cores = {name: cost * rate / 1000 for name, cost in costs(figures).items()}
    count = {name: pods(cores[name], values[name]) for name in SCALED}
    most = {
        name: max(2 * number, values[name]["autoscaling"]["minReplicas"])
        for name, number in count.items()
    }
    connections = budget(most["api"], values["api"]["poolSize"])
    return Need(users, rate, cores, count, most, connections)


def costs(figures: Figures) -> dict[str, float]:
    """Return the CPU time in ms that one request costs in each component, over all kinds."""
    found = figures.components
    return {
        name: max(0.0, found[name].milliseconds(figures.rate))
        for name in ON_THE_WAY
        if name in found
    }


def budget(replicas: int, pool: int) -> int:
    """Return how many connections the database must accept for so many API pods."""
    return (replicas + 2 * math.ceil(replicas / 4)) * pool + OTHER_CONNECTIONS


def memory_request(figures: Figures, name: str) -> int:
    """Return the bytes that a pod of a component should ask for, in steps of 64 MiB."""
    held = figures.components[name].memory / max(1, figures.pods.get(name, 1))
    return math.ceil(held / MEMORY_TARGET / MEMORY_STEP) * int(MEMORY_STEP)


def markdown(figures: Figures, values: Mapping[str, Any], users: Sequence[int] = USERS) -> str:
    """Return the tables of docs/sizing.md."""
    return "\n\n".join(
        (_measured(figures), _needed(figures, values, users), _memory(figures, values))
    )


def _measured(figures: Figures) -> str:
    latency = figures.latency[EVERYTHING]
    head = (
        f"Measured: {figures.users:,} users with {figures.think:g} s between what they do, "
        f"{figures.rate:.0f} requests a second for {figures.seconds:.0f} s on "
        f"{figures.machine_cores} cores, p95 {latency.p95:.0f} ms, "
        f"{sum(figures.errors.values())} errors."
    )
    rows = [(name, f"{cost:.2f}") for name, cost in costs(figures).items()]
    rows.append(("all of them", f"{sum(costs(figures).values()):.2f}"))
    return f"{head}\n\n{_table(('component', 'CPU-ms a request'), rows)}"


def _needed(figures: Figures, values: Mapping[str, Any], users: Sequence[int]) -> str:
    columns = (
        *("users", "requests/s", "web: cores", "web: pods (max)", "api: cores", "api: pods (max)"),
        *("db: cores", "edge: cores", "max_connections"),
    )
    rows = []
    for number in users:
        needed = need(figures, values, number)
        row = [f"{number:,}", f"{needed.rate:,.0f}"]
        for name in ("web", "api"):
            counts = f"{needed.pods[name]} ({needed.most_pods[name]})"
            row += [f"{needed.cores[name]:.1f}", counts]
        row += [f"{needed.cores[name]:.1f}" for name in ("db", "edge")]
        rows.append([*row, str(needed.max_connections)])
    return _table(columns, rows)


def _memory(figures: Figures, values: Mapping[str, Any]) -> str:
    rows = []
    for name in SCALED:
        held = figures.components[name].memory / max(1, figures.pods.get(name, 1))
        asked = quantity(values[name]["resources"]["requests"]["memory"])
        needed = memory_request(figures, name)
        rows.append((name, *(f"{amount / MIB:.0f}" for amount in (held, needed, asked))))
    columns = ("a pod of", "held at most (MiB)", "÷ 0.8, in steps of 64 MiB", "production asks for")
    return _table(columns, rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
