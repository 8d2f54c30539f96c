"""`nox -s load`: put users on a release and judge what they saw."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import yaml

from tools import testbed, toolchain
from tools.capacity import bars, drawing, figures, limits, sizing, trial
from tools.capacity.bars import Bar
from tools.capacity.figures import ELSEWHERE, EVERYTHING, Figures
from tools.capacity.limits import Resource
from tools.capacity.room import NAME, PRODUCTION, Room, installed, namespace
from tools.capacity.trial import Outcome, Plan, measure
from tools.capacity.watch import GENERATOR
from tools.console import say
from tools.errors import ToolError
from tools.lab.helm import merge
from tools.paths import CHART, REPORT, REPOSITORY
from tools.quantities import MIB
from tools.report import Table, page, save
from tools.testbed import TestBed

RUN = REPORT / "load.json"
HOLD_SECONDS, STEP_HOLD_SECONDS = 300, 90
# What `--find-limit` goes up to.
LIMIT_MS = 200.0
# What `--compare` shows of each run.
UNCHANGED = "as it is"
COMPARED = ("edge", "web", "api", "db")
SIDES = [
    *("release", "requests/s", "p50 ms", "p95 ms", "p99 ms", "errors"),
    *(f"{name} CPU-ms" for name in COMPARED),
    "cores without load",
    *(f"{name} MiB" for name in COMPARED),
]
PAGE = (REPORT / page.PAGE).relative_to(REPOSITORY)


def options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    holds = f"seconds that all stay ({HOLD_SECONDS}; {STEP_HOLD_SECONDS} with --find-limit)"
    add("--users", type=int, default=5000, help="at once (%(default)s)")
    add("--think", type=float, default=10, help="seconds between what one does (%(default)s)")
    add("--ramp", type=int, default=60, help="seconds in which all come, and leave (%(default)s)")
    add("--hold", type=int, help=holds)
    add("--find-limit", action="store_true", help="more and more users, until it is too many")
    add("--step", type=int, default=1000, help="how many more each time (%(default)s)")
    add("--compare", action="append", metavar="KEY=VALUE", help="a change to compare, for --set")
    add("--keep", action="store_true", help=f"leave the release in namespace {NAME}")
    add("--sizing", action="store_true", help="only print docs/sizing.md's tables of the last run")


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Send users to a release, draw what they saw and what it cost; Helm flags pass through.

    Raises:
        ToolError: a bar is missed, or the generator did not do what it should.
    """
    if arguments.sizing:
        print(sizing.markdown(figures.read(RUN), production()))
        return
    hold = arguments.hold or (STEP_HOLD_SECONDS if arguments.find_limit else HOLD_SECONDS)
    plan = Plan(arguments.users, arguments.think, arguments.ramp, hold)
    trial.check(plan.users)
    toolchain.prepare(("k6",))
    bed = testbed.ensure()
    with namespace(bed, keep=arguments.keep):
        if arguments.compare:
            line = compare(bed, plan, flags, arguments.compare)
        else:
            with installed(bed, flags) as room:
                limit = arguments.find_limit
                line = find_limit(room, plan, arguments.step) if limit else once(room, plan)
    say(line)


def production() -> dict[str, Any]:
    """Return all values of a production install."""
    defaults, changes = (
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (CHART / "values.yaml", PRODUCTION)
    )
    return merge(defaults, changes)


def once(room: Room, plan: Plan) -> str:
    """Send users once and return the line that the run ends with.

    Raises:
        ToolError: it misses a bar.
    """
    outcome = measure(room, plan)
    found = bars.judge(outcome.figures)
    draw(room, outcome, found)
    line = bars.sentence(outcome.figures, found)
    if not all(bar.kept for bar in found):
        raise ToolError(f"{line} See {PAGE}.")
    return line


def find_limit(room: Room, plan: Plan, more: int) -> str:
    """Send more and more users until it is too many, and return the line that says how many.

    Raises:
        ToolError: the first number is too many already, or the generator is what stops it.
    """
    best, rows = None, []
    while True:
        outcome = measure(room, plan)
        rows.append(_row(outcome.figures, _tightest(room, outcome)))
        if not within(outcome.figures):
            break
        best, plan = outcome, replace(plan, users=plan.users + more)
    note = f"{plan.think:g} s between what a user does, {plan.hold} s with all of them."
    columns = ["users", "requests/s", "p50 ms", "p95 ms", "p99 ms", "errors", "used most"]
    save("load-limit", Table("Load: how many users", note, columns, rows))
    shown = best or outcome
    draw(room, shown, bars.judge(shown.figures))
    most = f"used most: {rows[-1][-1]}."
    well = "" if best is None else f"{_well(best.figures)} "
    if missed := [bar for bar in bars.generator(outcome.figures) if not bar.kept]:
        raise ToolError(
            f"{well}At {plan.users} users the generator is what stops it, so nothing is known of "
            f"them: {bars.listed(missed)}; {most}"
        )
    if best is None:
        line = bars.sentence(outcome.figures, bars.judge(outcome.figures))
        raise ToolError(f"{plan.users} users are too many already: begin with fewer. {line}")
    return (
        f"{well}{plan.users} are too many: p95 {outcome.figures.latency[EVERYTHING].p95:.0f} ms, "
        f"{sum(outcome.figures.errors.values())} errors; {most}"
    )


def _well(found: Figures) -> str:
    return f"{found.users} users: p95 {found.latency[EVERYTHING].p95:.0f} ms, 0 errors."


def compare(bed: TestBed, plan: Plan, flags: Sequence[str], changes: Sequence[str]) -> str:
    """Run the plan on the release as it is, with each of the changes, and as it is once more.

    `changes` are what Helm's `--set` takes. How much the first run and the last differ is what
    chance does.
    """
    rows = []
    for change in (UNCHANGED, *changes, UNCHANGED):
        given = flags if change == UNCHANGED else (*flags, "--set", change)
        with installed(bed, given) as room:
            found = measure(room, plan).figures
        rows.append(_side(change, found))
        say(", ".join(f"{name} {value}" for name, value in zip(SIDES, rows[-1], strict=True)))
    note = (
        f"{plan.users} users, {plan.think:g} s between what one does, {plan.hold} s with all of "
        "them. CPU-ms are what a request adds, cores what the cluster takes before anybody comes; "
        "memory is the most, of all pods."
    )
    save("load-compare", Table("Load: side by side", note, SIDES, rows))
    page.write()
    return f"{len(changes)} changes are compared in {PAGE}."


def _side(change: str, found: Figures) -> list[str]:
    latency, parts = found.latency[EVERYTHING], [found.components[name] for name in COMPARED]
    outside = (GENERATOR, ELSEWHERE)
    idle = sum(part.idle_cores for name, part in found.components.items() if name not in outside)
    return [
        *(change, f"{found.rate:.0f}"),
        *(f"{value:.0f}" for value in (latency.p50, latency.p95, latency.p99)),
        str(sum(found.errors.values())),
        *(f"{part.milliseconds(found.rate):.2f}" for part in parts),
        f"{idle:.2f}",
        *(f"{part.memory / MIB:.0f}" for part in parts),
    ]


def within(found: Figures) -> bool:
    """Tell whether users see a fast release without errors, and the generator is not the limit."""
    fast = found.latency[EVERYTHING].p95 <= LIMIT_MS and not found.errors
    return fast and all(bar.kept for bar in bars.generator(found))


def draw(room: Room, outcome: Outcome, found: list[Bar]) -> None:
    """Write what came of a run into the report."""
    outcome.figures.write(RUN)
    drawing.draw(outcome, room.watch.seen, found, limits.resources(outcome.figures, room.values))
    page.write()


def _tightest(room: Room, outcome: Outcome) -> Resource:
    found = limits.resources(outcome.figures, room.values)
    return max(found, key=lambda resource: resource.share)


def _row(found: Figures, tightest: Resource) -> list[str]:
    latency = found.latency[EVERYTHING]
    return [
        *(str(found.users), f"{found.rate:.0f}"),
        *(f"{value:.0f}" for value in (latency.p50, latency.p95, latency.p99)),
        *(str(sum(found.errors.values())), f"{tightest.name} ({tightest.share:.0%})"),
    ]
