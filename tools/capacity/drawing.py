"""The pictures and tables of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.capacity import figures as measured
from tools.capacity.bars import Bar
from tools.capacity.figures import EVERYTHING, Figures, Span
from tools.capacity.limits import Resource
from tools.capacity.trial import Outcome
from tools.capacity.watch import Seen
from tools.load_results import Results, over_time
from tools.paths import REPORT
from tools.quantities import MIB
from tools.report import Cell, Event, Matrix, Table, Timeline, save
from tools.report.parts import Part

# Spans of a picture; more would be narrower than its lines.
SPANS = 100
# Kubelets look every ten seconds or so.
USAGE_SECONDS = 10
Points = Sequence[tuple[float, float]]


def draw(
    outcome: Outcome,
    seen: Seen,
    bars: Sequence[Bar],
    resources: Sequence[Resource],
    folder: Path = REPORT,
) -> None:
    """Save every part of a run, named `load-…`."""
    results, figures = outcome.results, outcome.figures
    times = [request.time for request in results.requests]
    whole = Span(min(times), max(times))
    note = (
        f"{figures.users} users, each with a connection of its own over TLS 1.3, do something "
        f"every {figures.think:g} s on average: {figures.rate:.0f} requests a second."
    )
    parts: dict[str, Part] = {
        "bars": _bars(bars, note),
        "requests": _requests(figures, note),
        "doubling": _doubling(figures, resources),
        "components": _components(figures, note),
        **_timelines(results, seen, whole, outcome.held, note),
    }
    for name, part in parts.items():
        save(f"load-{name}", part, folder)


def _bars(bars: Sequence[Bar], note: str) -> Matrix:
    return Matrix(
        "Load: the bars",
        note,
        [bar.name for bar in bars],
        ["measured", "wanted"],
        [[Cell(bar.measured, "good" if bar.kept else "bad"), Cell(bar.wanted)] for bar in bars],
    )


def _requests(figures: Figures, note: str) -> Table:
    rows = [
        [name, str(part.requests), f"{part.requests / figures.requests:.1%}"]
        + [f"{value:.1f}" for value in (part.p50, part.p95, part.p99)]
        for name, part in figures.latency.items()
    ]
    rows += [
        [f"failed: {reason}", str(count), "", "", "", ""]
        for reason, count in figures.errors.items()
    ]
    columns = ["request", "sent", "share", "p50 ms", "p95 ms", "p99 ms"]
    return Table(
        "Load: requests", f"{note} Latency counts from when a request was due.", columns, rows
    )


def _doubling(figures: Figures, resources: Sequence[Resource]) -> Table:
    rows = [
        [
            *(resource.name, resource.unit),
            *(f"{amount:.4g}" for amount in (resource.now, resource.doubled, resource.most)),
            *(f"{resource.share:.0%}", f"{resource.share_doubled:.0%}"),
        ]
        for resource in resources
    ]
    note = (
        f"What {figures.users} users use, and what twice as many would: what is used without load "
        "stays, the rest doubles. Above 100 % it ends; the first row is what they meet first."
    )
    columns = ["resource", "unit", "now", "twice the users", "there is", "used", "used then"]
    return Table("Load: what limits the next doubling", note, columns, rows)


def _components(figures: Figures, note: str) -> Table:
    rows = [
        [
            name,
            str(figures.pods.get(name, "")),
            *(f"{value:.3f}" for value in (used.idle_cores, used.cores)),
            f"{used.milliseconds(figures.rate):.2f}",
            *(f"{value / MIB:.0f}" for value in (used.idle_memory, used.memory)),
        ]
        for name, used in figures.components.items()
    ]
    columns = [
        *("component", "pods", "cores without load", "cores", "CPU-ms a request"),
        *("MiB without load", "MiB at most"),
    ]
    return Table("Load: what it costs", note, columns, rows)


def _timelines(
    results: Results, seen: Seen, whole: Span, held: Span, note: str
) -> dict[str, Timeline]:
    begin = whole.begin
    every = max(1, round(whole.seconds / SPANS))
    events = [Event(held.begin - begin, held.end - begin, "all users")]
    failures = [(failure.time - begin, failure.reason) for failure in results.failures]

    def line(title: str, unit: str, series: Mapping[str, Points], more: str = "") -> Timeline:
        return Timeline(f"Load: {title}", f"{note} {more}".strip(), unit, series, events, failures)

    def since(points: Points) -> Points:
        return [(time - begin, value) for time, value in points if whole.begin <= time < whole.end]

    spans = f"Spans of {every} s."
    usage, ticks = seen.usage, measured.times(whole, USAGE_SECONDS)
    cores = {
        name: [
            (time - begin, measured.cores(usage, name, time, time + USAGE_SECONDS))
            for time in ticks
        ]
        for name in measured.names(usage)
    }
    held_memory = {
        name: [(time - begin, measured.memory(usage, name, time) / MIB) for time in ticks]
        for name in measured.names(usage)
    }
    replicas = {
        f"{name} {what}": since(points)
        for what, series in (("wanted", seen.wanted), ("ready", seen.ready))
        for name, points in series.items()
    }
    connections = {name: since(points) for name, points in seen.connections.items()}
    return {
        "latency": line(
            "latency", "ms", results.over_time(begin, every), f"From when due. {spans}"
        ),
        "rate": line("requests", "requests/s", _rates(results, begin, every), spans),
        "lag": line("the generator's own lag", "ms", over_time(since(results.lags), every), spans),
        "users": line("users", "users", {"users": since(results.users)}),
        "cpu": line("CPU", "cores", cores),
        "memory": line("memory", "MiB", held_memory),
        "replicas": line("replicas", "pods", replicas),
        "connections": line(
            *("connections to the database", "connections", connections),
            f"It accepts {seen.most_connections}.",
        ),
    }


def _rates(results: Results, begin: float, every: float) -> dict[str, Points]:
    sent = Counter(int((request.time - begin) // every) for request in results.requests)
    failed = Counter(int((failure.time - begin) // every) for failure in results.failures)
    spans = sorted(sent)
    return {
        EVERYTHING: [(span * every, sent[span] / every) for span in spans],
        "failed": [(span * every, failed[span] / every) for span in spans],
    }
