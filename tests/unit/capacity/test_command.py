"""`nox -s load` ends well only if every bar is kept, and finds how many users are too many."""

from __future__ import annotations

import argparse
import json
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.capacity.test_limits import VALUES
from tools.capacity import command, drawing, trial
from tools.capacity.figures import Figures, Latency, Span
from tools.capacity.room import Room
from tools.capacity.trial import Outcome, Plan
from tools.capacity.watch import Seen
from tools.errors import ToolError
from tools.load_results import Failure, Request, Results
from tools.report import page
from tools.report.parts import read
from tools.testbed import TestBed

PLAN = Plan(users=1000, think=10, ramp=1, hold=10)
RESULTS = Results(
    requests=[Request(100.0 + n, 10, "page", "") for n in range(12)],
    failures=[Failure(105, "page", "status 502")],
    connections=[],
    dropped=[],
    lags=[(101.0, 2.0)],
    users=[(100.0, 1000.0)],
)


class Watched:
    """Who watches a release on which nothing was seen."""

    seen = Seen()
    pid = None


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(command, "RUN", tmp_path / "load.json")
    monkeypatch.setattr(drawing, "save", lambda *_: None)
    monkeypatch.setattr(command, "save", lambda name, part: saved(tmp_path, name, part))
    monkeypatch.setattr(page, "write", lambda: None)
    return Room("127.0.0.1:8443", tmp_path / "ca.crt", VALUES, Watched(), Span(0, 1))  # type: ignore[arg-type]


def saved(folder: Path, name: str, part: Any) -> None:
    (folder / name).write_text(json.dumps(part.rows))


@pytest.fixture
def runs(good: Figures, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let each run come to something, by its number of users."""

    def fake(judged: Callable[[Figures], Figures]) -> None:
        def measure(_room: Room, plan: Plan) -> Outcome:
            rate = plan.users / 5000
            latency = {
                name: replace(part, requests=int(part.requests * rate))
                for name, part in good.latency.items()
            }
            found = replace(good, users=plan.users, handshakes=plan.users, latency=latency)
            return Outcome(RESULTS, Span(100, 110), judged(found))

        monkeypatch.setattr(command, "measure", measure)

    return fake


def slow_from(users: int) -> Callable[[Figures], Figures]:
    def judged(found: Figures) -> Figures:
        slow = Latency(found.requests, 100, 250, 300)
        late = {**found.latency, "all": slow}
        return replace(found, latency=late) if found.users >= users else found

    return judged


def test_a_run_that_keeps_its_bars_says_so(room: Room, runs: Callable[..., None]) -> None:
    runs(lambda found: found)
    assert command.once(room, PLAN).endswith("All bars are kept.")
    assert json.loads(command.RUN.read_text())["users"] == 1000


def test_a_run_that_misses_one_fails(room: Room, runs: Callable[..., None]) -> None:
    runs(lambda found: replace(found, lag_p99=80))
    with pytest.raises(ToolError, match=r"own lag, p99 80 ms \(at most 50 ms\)\. See build/report"):
        command.once(room, PLAN)


def test_the_largest_number_of_users_is_found(
    room: Room, runs: Callable[..., None], tmp_path: Path
) -> None:
    runs(slow_from(3000))
    line = command.find_limit(room, PLAN, 500)
    assert line.startswith("2500 users: p95 40 ms, 0 errors. 3000 are too many: p95 250 ms")
    assert "used most: CPU of the machine (90%)" in line
    rows = json.loads((tmp_path / "load-limit").read_text())
    assert [row[0] for row in rows] == ["1000", "1500", "2000", "2500", "3000"]
    assert json.loads(command.RUN.read_text())["users"] == 2500


def test_a_single_error_is_the_limit_too(room: Room, runs: Callable[..., None]) -> None:
    runs(lambda found: replace(found, errors={"list: status 502": 1} if found.users > 1000 else {}))
    assert command.find_limit(room, PLAN, 500).startswith("1000 users")


def test_a_number_that_is_too_many_from_the_start_is_told(
    room: Room, runs: Callable[..., None]
) -> None:
    runs(slow_from(0))
    with pytest.raises(ToolError, match="1000 users are too many already: begin with fewer"):
        command.find_limit(room, PLAN, 500)


def test_a_generator_at_its_limit_is_not_taken_for_the_releases(
    room: Room, runs: Callable[..., None]
) -> None:
    runs(lambda found: replace(found, lag_p99=80 if found.users > 1000 else 1))
    with pytest.raises(ToolError, match="At 1500 users the generator is what stops it") as told:
        command.find_limit(room, PLAN, 500)
    assert told.value.args[0].startswith("1000 users: p95 40 ms, 0 errors.")
    assert told.value.args[0].endswith("; used most: CPU of the machine (90%).")


def test_each_change_is_compared_with_the_release_as_it_is_before_and_after(
    room: Room, runs: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    @contextmanager
    def installed(_: TestBed, flags: Sequence[str]) -> Iterator[Room]:
        given.append(list(flags))
        yield room

    monkeypatch.setattr(command, "installed", installed)
    runs(lambda found: found)
    bed: Any = None
    line = command.compare(bed, PLAN, ["--set", "a=b"], ["api.poolSize=5", "c=d"])
    assert line.startswith("2 changes are compared in build/report")
    own = ["--set", "a=b"]
    assert given == [own, [*own, "--set", "api.poolSize=5"], [*own, "--set", "c=d"], own]
    rows = json.loads((tmp_path / "load-compare").read_text())
    assert [row[0] for row in rows] == ["as it is", "api.poolSize=5", "c=d", "as it is"]
    assert {len(row) for row in rows} == {len(command.SIDES)}


def test_more_users_than_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    trial.check(924)
    with pytest.raises(ToolError, match=r"925 users .* open 1024 files\. Raise `ulimit -Hn`"):
        trial.check(925)


def test_every_part_of_a_run_is_drawn(good: Figures, tmp_path: Path) -> None:
    outcome = Outcome(RESULTS, Span(100, 110), good)
    drawing.draw(outcome, Seen(), [], [], tmp_path)
    found = {path.stem: read(path) for path in tmp_path.glob("*.json")}
    assert all(found.values())
    assert set(found) == {
        *("load-bars", "load-requests", "load-doubling", "load-components", "load-latency"),
        *("load-rate", "load-lag", "load-users", "load-cpu", "load-memory", "load-replicas"),
        "load-connections",
    }
    latency = found["load-latency"]
    assert latency is not None
    assert len(latency.series["p95"]) == 12  # type: ignore[union-attr]
    assert page.write(tmp_path) is not None


def test_the_tables_of_the_last_run_need_no_cluster(
    good: Figures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    good.write(tmp_path / "load.json")
    monkeypatch.setattr(command, "RUN", tmp_path / "load.json")
    parser = argparse.ArgumentParser()
    command.options(parser)
    command.main(parser.parse_args(["--sizing"]), [])
    assert "| users | requests/s |" in capsys.readouterr().out
