"""How fast renders are, side by side with the helm program; the bars are for two cores."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.conftest import TESTS
from tests.lab.subject import RELEASE, subject
from tools.lab import schemas
from tools.lab.engine import RenderError, Request
from tools.lab.fuzz import Fuzzer
from tools.lab.program import Program
from tools.lab.resident import Resident, build
from tools.lab.sampler import changed
from tools.paths import REPOSITORY

KUBERNETES = "1.34"


def cpu_of(process: int) -> float:
    """Return the CPU seconds that a process has used."""
    with open(f"/proc/{process}/stat") as stat:  # noqa: PTH123 (no file to keep)
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_of_children() -> float:
    """Return the CPU seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def milliseconds(action: Callable[[], object], times: int) -> list[float]:
    """Return how long each of so many calls took."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - begun))
    return taken


@pytest.mark.full
def test_one_render_and_two_thousand(fuzzer: Fuzzer) -> None:
    production = Request.of(subject().bases["production"], release=RELEASE, kube_version=KUBERNETES)
    resident = Resident("helm", build("helm"))
    resident.define(subject().resources)
    chart = resident.load(subject().chart)
    resident.render(chart, production)
    begun = cpu_of(resident.process)
    kept = milliseconds(lambda: resident.render(chart, production), 200)
    ours = (cpu_of(resident.process) - begun) * 1000 / 200
    bare = milliseconds(lambda: resident.render(chart, production, cached=False), 50)

    program = Program("helm")
    number = program.load(subject().chart)
    begun = cpu_of_children()
    started = milliseconds(lambda: program.text(number, production), 20)
    theirs = (cpu_of_children() - begun) * 1000 / 20
    print(
        f"production: median {statistics.median(kept):.1f} ms resident "
        f"({statistics.median(bare):.1f} ms with nothing kept of earlier ones), "
        f"{statistics.median(started):.0f} ms helm template; "
        f"CPU {ours:.1f} and {theirs:.0f} ms, {theirs / ours:.1f} times less"
    )

    names = sorted(subject().bases)
    wanted: list[dict[str, Any]] = [
        changed(subject().bases[names[n % len(names)]], fuzzer.sampler.changes(4))
        for n in range(2000)
    ]
    begun = time.perf_counter()
    valid = 0
    for values in wanted:
        try:
            request = Request.of(values, release=RELEASE, kube_version=KUBERNETES)
            rendered = resident.render(chart, request)
        except RenderError:
            continue
        assert resident.problems(rendered, schemas.folder(KUBERNETES)) == {}
        valid += 1
    seconds = time.perf_counter() - begun
    print(f"2000 distinct renders: {seconds:.1f} s, {valid} valid, the others refused by checks")
    assert ours < theirs
    assert valid > 1000


@pytest.mark.full
def test_the_template_suite_both_ways() -> None:
    used: dict[str, float] = {}
    for way in ("resident", "program"):
        begun = cpu_of_children()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--quiet", *TESTS, f"--render-with={way}"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        used[way] = cpu_of_children() - begun
        assert done.returncode == 0, done.stdout[-3000:]
        last = done.stdout.strip().splitlines()[-1]
        tests = int(last.split(" passed")[0].split()[-1])
        print(f"{way}: {last.strip('= ')}, {1000 * used[way] / tests:.1f} ms CPU a test")
    print(f"{used['program'] / used['resident']:.1f} times less CPU")
    assert used["resident"] < used["program"]
