"""What a run must keep: what users see, and that it was really this that was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tools.capacity.figures import API, EVERYTHING, WEB, Figures
from tools.capacity.watch import GENERATOR

P95_MS, P99_MS = 100.0, 200.0
# Of the machine's CPU: what it takes, the release does not have.
GENERATOR_SHARE = 0.25
# A generator that sends one of a hundred requests later than this waits for a CPU itself.
LAG_MS = 50.0
# Of what the timetables say; the rest was due when a user still waited, and never sent. Chance
# draws the timetables: few users may do less in a short time, by three standard deviations. (The
# variance of how often pauses pass that are even from half to one and a half: a twelfth of it.)
SENT, DEVIATIONS = 0.98, 3
WRITES = 0.05
# Connections that users made, for each of them; the setup makes one, too.
CONNECTIONS = 1.02


@dataclass(frozen=True)
class Bar:
    """A promise about a run: what was measured, what it had to be, and whether it was."""

    name: str
    measured: str
    wanted: str
    kept: bool


def judge(figures: Figures, p95: float = P95_MS, p99: float = P99_MS) -> list[Bar]:
    """Return every bar of a run; `p95` and `p99` are in ms."""
    bars = []
    for name in (WEB, API):
        latency = figures.latency[name]
        for label, value, most in (("p95", latency.p95, p95), ("p99", latency.p99, p99)):
            bars.append(
                Bar(f"{name} {label}", f"{value:.0f} ms", f"at most {most:.0f} ms", value <= most)
            )
    errors = sum(figures.errors.values())
    bars.append(Bar("errors", str(errors), "0", errors == 0))
    return [*bars, *generator(figures)]


def generator(figures: Figures) -> list[Bar]:
    """Return the bars of the generator: whether it did what it says it did."""
    share = figures.components[GENERATOR].cores / figures.machine_cores
    due = figures.users * figures.seconds / figures.think
    sent, least = figures.requests / due, SENT - DEVIATIONS / math.sqrt(12 * due)
    written = figures.latency["write"].requests if "write" in figures.latency else 0
    connections = int(CONNECTIONS * figures.users) + 1
    writes = written / max(1, figures.requests)
    return [
        Bar(
            *("generator's share of the CPU", f"{share:.0%}", f"at most {GENERATOR_SHARE:.0%}"),
            share <= GENERATOR_SHARE,
        ),
        Bar(
            *("generator's own lag, p99", f"{figures.lag_p99:.0f} ms", f"at most {LAG_MS:.0f} ms"),
            figures.lag_p99 <= LAG_MS,
        ),
        Bar(
            *("sent of what was due", f"{sent:.1%}", f"at least {least:.1%}"),
            sent >= least,
        ),
        Bar(
            *("connections, one a user", str(figures.handshakes), f"at most {connections}"),
            figures.handshakes <= connections,
        ),
        Bar("writes", f"{writes:.1%}", f"at least {WRITES:.0%}", writes >= WRITES),
    ]


def sentence(figures: Figures, bars: Sequence[Bar]) -> str:
    """Return the line that a run ends with."""
    missed = [bar for bar in bars if not bar.kept]
    latency = figures.latency[EVERYTHING]
    done = (
        f"{figures.users} users, {figures.rate:.0f} requests/s: p95 {latency.p95:.0f} ms, "
        f"p99 {latency.p99:.0f} ms, {sum(figures.errors.values())} errors"
    )
    return f"{done}. Missed: {listed(missed)}." if missed else f"{done}. All bars are kept."


def listed(bars: Sequence[Bar]) -> str:
    """Return bars in words."""
    return "; ".join(f"{bar.name} {bar.measured} ({bar.wanted})" for bar in bars)
