"""A run keeps its bars or fails; a generator that was not up to it fails it, too."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tools.capacity import bars
from tools.capacity.figures import Component, Figures, Latency


def missed(figures: Figures) -> list[str]:
    return [bar.name for bar in bars.judge(figures) if not bar.kept]


def test_a_run_in_good_order_keeps_all_bars(good: Figures) -> None:
    found = bars.judge(good)
    assert missed(good) == []
    assert bars.sentence(good, found) == (
        "5000 users, 500 requests/s: p95 40 ms, p99 90 ms, 0 errors. All bars are kept."
    )


@pytest.mark.parametrize("who", ["web", "API"])
@pytest.mark.parametrize(
    ("latency", "bar"),
    [
        (Latency(75_000, 10, 100.1, 150), "p95"),
        (Latency(75_000, 10, 100, 200.1), "p99"),
    ],
)
def test_who_is_slow_is_named(good: Figures, who: str, latency: Latency, bar: str) -> None:
    assert missed(replace(good, latency={**good.latency, who: latency})) == [f"{who} {bar}"]


def test_at_the_bar_is_within_it(good: Figures) -> None:
    edge = Latency(75_000, 10, bars.P95_MS, bars.P99_MS)
    assert missed(replace(good, latency={**good.latency, "web": edge, "API": edge})) == []


def test_one_error_is_too_many(good: Figures) -> None:
    failed = replace(good, errors={"write: status 502": 1})
    assert missed(failed) == ["errors"]
    assert "Missed: errors 1 (0)." in bars.sentence(failed, bars.judge(failed))


@pytest.mark.parametrize("cores", [0.51, 2.0])
def test_a_generator_that_takes_the_machine_for_itself_fails_the_run(
    good: Figures, cores: float
) -> None:
    greedy = {**good.components, "generator": Component(0, cores, 0, 0)}
    assert missed(replace(good, components=greedy)) == ["generator's share of the CPU"]


def test_a_generator_that_sends_late_fails_the_run(good: Figures) -> None:
    assert missed(replace(good, lag_p99=51)) == ["generator's own lag, p99"]


def test_a_generator_that_measured_no_lag_fails_the_run(good: Figures) -> None:
    assert missed(replace(good, lag_p99=math.nan)) == ["generator's own lag, p99"]


def test_what_was_due_and_never_sent_fails_the_run(good: Figures) -> None:
    """As when every user waits for answers: the few that are sent may well be fast."""
    few = replace(good.latency["all"], requests=146_000)
    assert missed(replace(good, latency={**good.latency, "all": few})) == ["sent of what was due"]


def test_users_who_come_anew_each_time_are_others(good: Figures) -> None:
    assert missed(replace(good, handshakes=5102)) == ["connections, one a user"]


def test_a_run_that_hardly_writes_is_another_one(good: Figures) -> None:
    few = replace(good.latency["write"], requests=7_000)
    assert missed(replace(good, latency={**good.latency, "write": few})) == ["writes"]
    none = {name: part for name, part in good.latency.items() if name != "write"}
    assert missed(replace(good, latency=none)) == ["writes"]


def test_without_any_requests_nothing_is_kept(good: Figures) -> None:
    nothing = Latency(0, math.nan, math.nan, math.nan)
    empty = replace(good, latency=dict.fromkeys(("all", "web", "API"), nothing))
    assert {"web p95", "API p99", "sent of what was due", "writes"} <= set(missed(empty))
