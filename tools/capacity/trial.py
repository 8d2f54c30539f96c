"""Users on a release, and what came of it."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from pathlib import Path

import jwt

from tools import load, load_results
from tools.capacity import figures, machine
from tools.capacity.figures import Figures, Span
from tools.capacity.room import HOST, Room
from tools.console import say, step
from tools.errors import ToolError
from tools.load_results import DUE, Results
from tools.paths import REPORT, REPOSITORY

SCRIPT = REPOSITORY / "tests/load/users.js"
SAMPLES = REPORT / "load.csv"
# What starting all users and their last answers may take beside the timetable.
MORE_SECONDS = 300
# Files that the generator opens beside a connection a user.
OTHER_FILES = 100
# Of the free memory: what the generator may fill before it collects garbage.
GARBAGE = 0.5


@dataclass(frozen=True)
class Plan:
    """So many users, who do something every `think` seconds, come in `ramp` and stay for `hold`."""

    users: int
    think: float
    ramp: int
    hold: int

    @property
    def environment(self) -> dict[str, str]:
        """Return it as tests/load/users.js reads it."""
        return {
            "USERS": str(self.users),
            "THINK_SECONDS": str(self.think),
            "RAMP_SECONDS": str(self.ramp),
            "HOLD_SECONDS": str(self.hold),
        }


@dataclass(frozen=True)
class Outcome:
    """What was measured, when all users were there, and what that comes to."""

    results: Results
    held: Span
    figures: Figures


def connections() -> int:
    """Return how many connections this machine lets a program have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (2**31 if most == resource.RLIM_INFINITY else most) - OTHER_FILES


def check(users: int) -> None:
    """Make sure that this machine lets the generator have a connection for every user.

    Raises:
        ToolError: it does not.
    """
    if users > connections():
        raise ToolError(
            f"{users} users need a connection each, and this machine lets a program open "
            f"{connections() + OTHER_FILES} files. Raise `ulimit -Hn`, or take fewer: --users."
        )


def without_collecting() -> dict[str, str]:
    """Return the environment that lets a Go program keep its garbage while memory is there.

    Marking what thousands of users hold takes the CPU for seconds, and nothing is sent in time.
    """
    return {"GOGC": "off", "GOMEMLIMIT": str(int(GARBAGE * machine.free_memory()))}


def measure(room: Room, plan: Plan, samples: Path = SAMPLES) -> Outcome:
    """Send users and return what came of it; `samples` is the file for every request.

    Raises:
        ToolError: the generator fails, or cannot have so many users.
    """
    check(plan.users)
    seconds = 2 * plan.ramp + plan.hold + MORE_SECONDS
    claims = {"sub": "load", "exp": int(time.time()) + seconds}
    token = jwt.encode(claims, room.values["secrets"]["inline"]["jwtSecret"], algorithm="HS256")
    say(
        f"{plan.users} users come within {plan.ramp} s, stay for {plan.hold} s, and do something "
        f"every {plan.think:g} s on average"
    )
    way_in = load.way_in(HOST, room.address, room.authority, token)
    environment = {**without_collecting(), **way_in, **plan.environment}
    with load.running(SCRIPT, environment, samples) as running:
        room.watch.pid = running.pid
        running.wait(seconds)
        room.watch.pid = None
    with step("reading what was measured"):
        results = load_results.read(samples, DUE)
    held = figures.hold(results, plan.users, plan.hold)
    found = figures.figures(
        *(results, room.watch.seen, room.idle, held),
        users=plan.users,
        think=plan.think,
        files=connections(),
    )
    return Outcome(results, held, found)
