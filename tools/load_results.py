"""What a load test measured, read from the samples that k6 wrote."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from tools.errors import ToolError

PERCENTS = (50, 95, 99)
# What k6 measures: from when a request was sent.
SENT = "http_req_duration"
# What scripts with a timetable measure: from when it was due.
DUE = "latency"
# Columns without which nothing can be said.
NEEDED = {
    *("metric_name", "timestamp", "metric_value"),
    *("name", "method", "status", "error", "expected_response"),
}


class Request(NamedTuple):
    """A request that got its answer, right or not, or was given up."""

    # When that was, in seconds since 1970; with `DUE`, when it should have been sent.
    time: float
    milliseconds: float
    name: str
    method: str


class Failure(NamedTuple):
    """A request that failed."""

    time: float
    name: str
    reason: str


@dataclass(frozen=True)
class Results:
    """All requests of a load test.

    `connections` and `dropped` are times: of handshakes, and of requests that should have been sent
    and were not, because all who send were still waiting for answers. `lags` are (time, ms): how
    much later than it could a script with a timetable sent. `users` are (time,
    count).
    """

    requests: Sequence[Request]
    failures: Sequence[Failure]
    connections: Sequence[float]
    dropped: Sequence[float]
    lags: Sequence[tuple[float, float]] = field(default_factory=list)
    users: Sequence[tuple[float, float]] = field(default_factory=list)

    def between(self, begin: float, end: float) -> Results:
        """Return what happened from `begin` to before `end`, in seconds since 1970."""
        return Results(
            [request for request in self.requests if begin <= request.time < end],
            [failure for failure in self.failures if begin <= failure.time < end],
            [time for time in self.connections if begin <= time < end],
            [time for time in self.dropped if begin <= time < end],
            [lag for lag in self.lags if begin <= lag[0] < end],
            [count for count in self.users if begin <= count[0] < end],
        )

    def __add__(self, other: Results) -> Results:
        """Return the requests of both."""
        return Results(
            [*self.requests, *other.requests],
            [*self.failures, *other.failures],
            [*self.connections, *other.connections],
            [*self.dropped, *other.dropped],
            [*self.lags, *other.lags],
            [*self.users, *other.users],
        )

    def percentile(self, percent: float) -> float:
        """Return the time in ms within which so many percent of the requests were answered.

        NaN if there are none.
        """
        return percentile([request.milliseconds for request in self.requests], percent)

    def over_time(
        self, origin: float, seconds: float, percents: Sequence[float] = PERCENTS
    ) -> dict[str, list[tuple[float, float]]]:
        """Return percentiles in ms by span of `seconds`, as (seconds since `origin`, ms)."""
        points = [(request.time - origin, request.milliseconds) for request in self.requests]
        return over_time(points, seconds, percents)


def over_time(
    points: Iterable[tuple[float, float]], seconds: float, percents: Sequence[float] = PERCENTS
) -> dict[str, list[tuple[float, float]]]:
    """Return percentiles of the values of (second, value) by span of `seconds`."""
    spans: dict[int, list[float]] = {}
    for time, value in points:
        spans.setdefault(math.floor(time / seconds), []).append(value)
    return {
        f"p{percent:g}": [
            (span * seconds, percentile(spans[span], percent)) for span in sorted(spans)
        ]
        for percent in percents
    }


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least so many percent of them do not exceed."""
    if not values:
        return math.nan
    return sorted(values)[max(math.ceil(len(values) * percent / 100) - 1, 0)]


def read(samples: Path, metric: str = SENT) -> Results:
    """Read the samples that k6 wrote as CSV; `metric` is what times the requests, SENT or DUE.

    A request failed if k6 says so (no answer, or a status that the script does not expect), or if
    the script counted its answer in the metric `wrong_answers`.

    Raises:
        ToolError: there is no such file, or it is not what k6 writes.
    """
    if not samples.is_file():
        raise ToolError(f"k6 wrote no samples to {samples}: it measured nothing.")
    with _open(samples) as file:
        return _collect(_rows(file, samples), metric)


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _rows(file: Iterable[str], samples: Path) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(file)
    missing = sorted(NEEDED - set(reader.fieldnames or ()))
    if missing:
        raise ToolError(
            f"{samples} lacks the columns {', '.join(missing)}. The script's systemTags must name "
            "all of them that are no metric's."
        )
    try:
        yield from reader
    except (EOFError, csv.Error) as error:
        raise ToolError(f"{samples} is cut off: k6 did not end in good order ({error}).") from error


def _collect(rows: Iterable[dict[str, str]], metric: str) -> Results:
    requests, failures, connections, dropped = [], [], [], []
    lags, users = [], []
    for row in rows:
        time, value = int(row["timestamp"]) / 1e6, float(row["metric_value"])
        name = row["metric_name"]
        if name == metric:
            begin = time if metric == SENT else time - value / 1e3
            requests.append(Request(begin, value, row["name"], row["method"]))
        match name:
            case "http_req_duration" if row["expected_response"] != "true":
                reason = row["error"] or f"status {row['status']}"
                failures.append(Failure(time, row["name"], reason))
            case "wrong_answers":
                failures.append(Failure(time, row["name"], row["error"]))
            case "http_req_tls_handshaking" if value > 0:
                connections.append(time)
            case "dropped_iterations":
                dropped += [time] * round(value)
            case "lag":
                lags.append((time, value))
            case "vus":
                users.append((time, value))
    return Results(requests, failures, connections, dropped, lags, users)
