"""The figures of a run are those of the time for which all users were there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.capacity import figures
from tools.capacity.figures import Latency, Span
from tools.capacity.usage import Sample
from tools.capacity.watch import Seen
from tools.errors import ToolError
from tools.load_results import Failure, Request, Results

HELD = Span(100.0, 110.0)


def request(time: float, milliseconds: float, name: str) -> Request:
    return Request(time, milliseconds, name, "")


RESULTS = Results(
    requests=[
        request(99, 900, "page"),
        request(100, 10, "page"),
        request(101, 20, "story page"),
        request(102, 30, "list"),
        request(109, 40, "write"),
        request(110, 800, "list"),
    ],
    failures=[Failure(50, "page", "status 502"), Failure(105, "page", "status 502")],
    connections=[],
    dropped=[],
    lags=[(99, 70.0), (101, 3.0), (105, 4.0), (111, 60.0)],
    users=[(98, 1.0), (100, 2.0), (109, 2.0), (111, 1.0)],
)


@pytest.fixture
def seen() -> Seen:
    found = Seen(most_connections=350)
    for component in ("api", "web", "nodes", "generator", "machine"):
        for time in range(0, 130, 10):
            found.usage.add(component, "", Sample(time, time / 10, 1e6))
    found.ready = {"api": [(50, 9), (100, 3), (105, 4)], "web": [(100, 3)]}
    found.connections = {"api": [(100, 7), (105, 6)], "all": [(100, 9)]}
    return found


def test_the_hold_begins_when_all_users_are_there() -> None:
    assert figures.hold(RESULTS, users=2, seconds=10) == HELD


def test_users_that_never_came_are_told() -> None:
    with pytest.raises(ToolError, match="never had 3 users, only 2"):
        figures.hold(RESULTS, users=3, seconds=10)


def test_latency_and_lag_are_those_of_the_hold_and_errors_of_the_whole_run(seen: Seen) -> None:
    idle = Span(0.0, 10.0)
    found = figures.figures(RESULTS, seen, idle, HELD, users=2, think=5, files=30_000)
    assert found.latency == {
        "all": Latency(4, 20, 40, 40),
        "web": Latency(2, 10, 20, 20),
        "API": Latency(2, 30, 40, 40),
        "page": Latency(1, 10, 10, 10),
        "story page": Latency(1, 20, 20, 20),
        "list": Latency(1, 30, 30, 30),
        "write": Latency(1, 40, 40, 40),
    }
    assert (found.requests, found.rate, found.lag_p99) == (4, 0.4, 4.0)
    assert found.errors == {"page: status 502": 2}
    assert found.pods == {"api": 4, "web": 3}
    assert found.connections == {"api": 7, "all": 9, "allowed": 350}
    assert found.components["api"].cores == pytest.approx(0.1)
    assert found.open_files <= 30_000


def test_figures_come_back_from_the_file_as_they_were(seen: Seen, tmp_path: Path) -> None:
    found = figures.figures(RESULTS, seen, Span(0.0, 10.0), HELD, users=2, think=5, files=30_000)
    found.write(tmp_path / "load.json")
    assert figures.read(tmp_path / "load.json") == found


@pytest.mark.parametrize("name", ["nodes", "generator", "machine"])
def test_a_run_that_nobody_watched_is_told(seen: Seen, name: str) -> None:
    seen.usage.series[name][""] = seen.usage.series[name][""][:5]
    with pytest.raises(ToolError, match=f"What the {name} used was not seen"):
        figures.figures(RESULTS, seen, Span(0.0, 10.0), HELD, users=2, think=5, files=9)


def test_a_database_that_says_no_more_is_told(seen: Seen) -> None:
    seen.connections["all"] = [(60, 9)]
    with pytest.raises(ToolError, match="did not say to the end"):
        figures.figures(RESULTS, seen, Span(0.0, 10.0), HELD, users=2, think=5, files=9)


def test_a_kind_of_request_that_nobody_knows_is_noticed(seen: Seen) -> None:
    unknown = Results([request(101, 1, "else")], [], [], [])
    with pytest.raises(KeyError, match="else"):
        figures.figures(unknown, seen, Span(0.0, 10.0), HELD, users=2, think=5, files=9)
