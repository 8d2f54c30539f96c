"""Requests through a release's edge, and what is done to the release meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.smoke.release import Edge, Release
from tools import load, load_results
from tools.load import Load
from tools.load_results import Results
from tools.paths import REPOSITORY
from tools.poll import until
from tools.report import Event, Table, Timeline, save

SCRIPTS = REPOSITORY / "tests" / "load"
COLUMNS = ["while", "seconds", "requests", "failed", "p50 ms", "p95 ms", "p99 ms"]
# Spans of a picture; more would be narrower than its lines.
SPANS = 150


@dataclass
class Traffic:
    """Load that is on, and the journal of what was done under it."""

    running: Load
    samples: Path
    origin: float = field(default_factory=time.time)
    # In seconds since `origin`.
    events: list[Event] = field(default_factory=list)

    @contextmanager
    def event(self, label: str) -> Iterator[None]:
        """Write down when something was done; the load must be on all the time."""
        self.running.check()
        begin = time.time()
        yield
        self.running.check()
        self.events.append(Event(begin - self.origin, time.time() - self.origin, label))

    def sent(self) -> int:
        """Return how many requests k6 has written down so far."""
        if not self.samples.exists():
            return 0
        with self.samples.open(encoding="utf-8") as lines:
            return sum(line.startswith("http_reqs,") for line in lines)

    def wait_for(self, requests: int, *, seconds: float) -> None:
        """Wait until so many requests more are written down."""
        enough = self.sent() + requests

        def there() -> bool:
            self.running.check()
            return self.sent() >= enough

        until(there, seconds=seconds, what=f"{requests} requests")

    def results(self) -> Results:
        """Return what was measured, once the load is over."""
        return load_results.read(self.samples)


@contextmanager
def steady(
    release: Release, edge: Edge, samples: Path, *, rate: int, seconds: int
) -> Iterator[Traffic]:
    """Send `rate` requests a second while the block runs, which it may for `seconds`."""
    address, token = f"{edge.address}:{edge.port}", release.token(seconds + 60)
    way_in = load.way_in(edge.host, address, edge.authority or "", token)
    environment = {**way_in, "RATE": str(rate), "SECONDS": str(seconds)}
    with load.running(SCRIPTS / "steady.js", environment, samples) as running:
        yield Traffic(running, samples)


def draw(name: str, title: str, note: str, traffic: Traffic, results: Results) -> None:
    """Save the latency over time with what was done when, and a table by what was done."""
    begin, end = span(results)
    seconds = max(1, round((end - begin) / SPANS))
    timeline = Timeline(
        title=title,
        note=f"{note} Percentiles over spans of {seconds} s.",
        unit="ms",
        series=results.over_time(traffic.origin, seconds),
        events=_labelled_once(traffic.events),
        failures=[(failed.time - traffic.origin, failed.reason) for failed in results.failures],
    )
    save(name, timeline)
    table = Table(f"{title}, by event", note, COLUMNS, rows(traffic, results))
    save(f"{name}-by-event", table)


def rows(traffic: Traffic, results: Results) -> list[list[str]]:
    """Return a row for all of it, and one for each label of what was done."""
    begin, end = span(results)
    found = [_row("all of it", end - begin, results)]
    for label in dict.fromkeys(event.label for event in traffic.events):
        seconds, part = 0.0, Results([], [], [], [])
        for event in traffic.events:
            if event.label == label:
                seconds += event.end - event.begin
                part += results.between(traffic.origin + event.begin, traffic.origin + event.end)
        found.append(_row(label, seconds, part))
    return found


def span(results: Results) -> tuple[float, float]:
    """Return when the first and the last request were answered."""
    times = [request.time for request in results.requests]
    return min(times), max(times)


def _row(label: str, seconds: float, results: Results) -> list[str]:
    percentiles = (f"{results.percentile(percent):.0f}" for percent in load_results.PERCENTS)
    counts = (str(len(results.requests)), str(len(results.failures)))
    return [label, f"{seconds:.0f}", *counts, *percentiles]


def _labelled_once(events: Sequence[Event]) -> list[Event]:
    """Return all events, with each label at its first only: a picture has no room for more."""
    seen: set[str] = set()
    found = []
    for event in events:
        found.append(Event(event.begin, event.end, "" if event.label in seen else event.label))
        seen.add(event.label)
    return found
