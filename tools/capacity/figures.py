"""What a run came to: the figures that its bars, its tables and the sizing are made of."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.capacity import machine
from tools.capacity.usage import GONE_SECONDS, Usage
from tools.capacity.watch import GENERATOR, MACHINE, NODES, Seen
from tools.errors import ToolError
from tools.load_results import Results, percentile

WEB, API = "web", "API"
# Who answers what the users of tests/load/users.js ask for.
KINDS = {"page": WEB, "story page": WEB, "list": API, "story": API, "write": API}
EVERYTHING = "all"
# What is neither the release nor serves it.
CLUSTER, ELSEWHERE = "rest of the cluster", "rest of the machine"
MEMORY_SECONDS = 5


@dataclass(frozen=True)
class Span:
    """A time from `begin` to `end`, in seconds since 1970."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """Return how long it is."""
        return self.end - self.begin


@dataclass(frozen=True)
class Latency:
    """Requests, and the percentiles of their latency in ms."""

    requests: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Component:
    """What a component used: cores on average, and the most bytes; without load and under it."""

    idle_cores: float
    cores: float
    idle_memory: float
    memory: float

    def milliseconds(self, rate: float) -> float:
        """Return the CPU time in ms that one of `rate` requests a second cost."""
        return 1000 * (self.cores - self.idle_cores) / rate


@dataclass(frozen=True)
class Figures:
    """What `users` did in `seconds`, each something every `think` seconds on average."""

    users: int
    think: float
    seconds: float
    # By kind of request, by who answers (web, API), and of all.
    latency: Mapping[str, Latency]
    # Of the whole run, by kind and reason.
    errors: Mapping[str, int]
    # The generator's own, in ms.
    lag_p99: float
    # Connections that were made in the whole run.
    handshakes: int
    components: Mapping[str, Component]
    # The most pods that were ready, by Deployment.
    pods: Mapping[str, int]
    # The API's connections to the database at most, all clients', and how many there may be.
    connections: Mapping[str, int]
    machine_cores: int
    machine_memory: int
    # How many connections the generator can have.
    open_files: int

    @property
    def requests(self) -> int:
        """Return how many requests were due while all users were there, and sent."""
        return self.latency[EVERYTHING].requests

    @property
    def rate(self) -> float:
        """Return requests a second."""
        return self.requests / self.seconds

    def write(self, path: Path) -> None:
        """Write them as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Figures:
    """Return the figures of an earlier run.

    Raises:
        ToolError: there are none in the file.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        latency = {name: Latency(**item) for name, item in content.pop("latency").items()}
        components = {name: Component(**item) for name, item in content.pop("components").items()}
        return Figures(**content, latency=latency, components=components)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(
            f"{path} holds no figures of a load test ({error!r}). Run `nox -s load` first."
        ) from error


def hold(results: Results, users: int, seconds: float) -> Span:
    """Return the time for which all users were there.

    Raises:
        ToolError: they never were.
    """
    for time, count in results.users:
        if count >= users:
            return Span(time, time + seconds)
    most = max((count for _, count in results.users), default=0)
    raise ToolError(f"The generator never had {users} users, only {most:.0f}: it measured nothing.")


def figures(
    results: Results, seen: Seen, idle: Span, held: Span, *, users: int, think: float, files: int
) -> Figures:
    """Return what came of a run; `files` is how many the generator may have open.

    Raises:
        ToolError: nobody looked at what it cost, all the time.
    """
    for name in (NODES, GENERATOR, MACHINE):
        if not seen.usage.covers(name, held.begin, held.end):
            raise ToolError(
                f"What the {name} used was not seen all the time, so nothing is known of the cost."
            )
    if not any(time > held.end - GONE_SECONDS for time, _ in seen.connections["all"]):
        raise ToolError("The database did not say to the end how many connections it has.")
    part = results.between(held.begin, held.end)
    times: dict[str, list[float]] = {EVERYTHING: [], WEB: [], API: []}
    for request in part.requests:
        for name in (EVERYTHING, KINDS[request.name], request.name):
            times.setdefault(name, []).append(request.milliseconds)
    ready = {
        name: int(
            max((count for time, count in points if held.begin <= time < held.end), default=0)
        )
        for name, points in seen.ready.items()
    }
    most = {name: int(_most(points)) for name, points in seen.connections.items()}
    return Figures(
        users=users,
        think=think,
        seconds=held.seconds,
        latency={name: _latency(values) for name, values in times.items()},
        errors=dict(Counter(f"{failure.name}: {failure.reason}" for failure in results.failures)),
        lag_p99=percentile([lag for _, lag in part.lags], 99),
        handshakes=len(results.connections),
        components={name: _component(seen.usage, name, idle, held) for name in names(seen.usage)},
        pods=ready,
        connections={**most, "allowed": seen.most_connections},
        machine_cores=machine.cores(),
        machine_memory=machine.total_memory(),
        open_files=min(files, machine.outgoing_ports()),
    )


def names(usage: Usage) -> list[str]:
    """Return the components in the order in which they are shown."""
    first = ["edge", "web", "api", "pooler", "db", "monitoring"]
    pods = [name for name in usage.series if name not in (NODES, GENERATOR, MACHINE)]
    known = [name for name in first if name in pods]
    return [*known, *sorted(set(pods) - set(first)), CLUSTER, GENERATOR, ELSEWHERE]


def cores(usage: Usage, name: str, begin: float, end: float) -> float:
    """Return how many cores a component used on average between two times."""
    return sum(sign * usage.cpu(part, begin, end) for sign, part in _sum(usage, name)) / (
        end - begin
    )


def memory(usage: Usage, name: str, time: float) -> float:
    """Return the bytes that a component held at a time."""
    return sum(sign * usage.memory(part, time) for sign, part in _sum(usage, name))


def _sum(usage: Usage, name: str) -> Iterable[tuple[int, str]]:
    """Return what to add up for a component: what is left over is a difference."""
    pods = [part for part in usage.series if part not in (NODES, GENERATOR, MACHINE)]
    if name == CLUSTER:
        return [(1, NODES), *((-1, part) for part in pods)]
    if name == ELSEWHERE:
        return [(1, MACHINE), (-1, NODES), (-1, GENERATOR)]
    return [(1, name)]


def _component(usage: Usage, name: str, idle: Span, held: Span) -> Component:
    return Component(
        idle_cores=cores(usage, name, idle.begin, idle.end),
        cores=cores(usage, name, held.begin, held.end),
        idle_memory=memory(usage, name, idle.end),
        memory=max(memory(usage, name, time) for time in times(held, MEMORY_SECONDS)),
    )


def times(span: Span, every: float) -> list[float]:
    """Return the times in a span, so many seconds apart, its beginning included."""
    return [span.begin + number * every for number in range(max(1, int(span.seconds / every)))]


def _latency(values: list[float]) -> Latency:
    return Latency(len(values), *(percentile(values, percent) for percent in (50, 95, 99)))


def _most(points: Iterable[tuple[float, float]]) -> float:
    return max((value for _, value in points), default=0)
