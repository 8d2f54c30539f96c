"""How fast renders and tests are, side by side with other ways; the bars are for two cores.

Bars are CPU time where they can be: what others do on the machine makes that longer, too, but not
by as much as the time on the clock.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.lab.subject import RELEASE, subject
from tests.template.chart import CHART
from tools.lab import schemas
from tools.lab.engine import RenderError, Request
from tools.lab.fuzz import Fuzzer
from tools.lab.program import Program
from tools.lab.resident import Resident, build
from tools.lab.sampler import changed
from tools.paths import REPOSITORY
from tools.report import Table, save
from tools.toolchain import tool

KUBERNETES = "1.34"
WORKERS = 2


@dataclass
class Spent:
    """What something took: seconds on the clock, and of CPU, that of started programs included."""

    clock: float = 0
    cpu: float = 0


@contextmanager
def measured(*running: Resident) -> Iterator[Spent]:
    """Measure a block; `running` are programs that go on after it."""

    def used() -> float:
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        cpu = sum(usage.ru_utime + usage.ru_stime for usage in own)
        return cpu + sum(cpu_of(resident.process) for resident in running)

    spent, cpu, clock = Spent(), used(), time.perf_counter()
    yield spent
    spent.clock, spent.cpu = time.perf_counter() - clock, used() - cpu


def cpu_of(process: int) -> float:
    """Return the CPU seconds that a running process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def medians(renders: list[Callable[[], object]], *running: Resident) -> tuple[float, float]:
    """Return the median milliseconds of some calls, and the CPU milliseconds of one."""
    taken = []
    with measured(*running) as all_of_them:
        for render in renders:
            with measured() as one:
                render()
            taken.append(one.clock)
    return 1000 * statistics.median(taken), 1000 * all_of_them.cpu / len(renders)


@pytest.mark.full
def test_one_render(fuzzer: Fuzzer, tmp_path: Path) -> None:
    """A render of the production values, as it is and with another value changed each time."""
    production = Request.of(subject().bases["production"], release=RELEASE, kube_version=KUBERNETES)
    others = [
        Request.of(
            changed(subject().bases["production"], fuzzer.sampler.changes(1)), release=RELEASE
        )
        for _ in range(200)
    ]
    file = tmp_path / "values.json"
    file.write_text(production.values, encoding="utf-8")
    command: list[str | Path] = [tool("helm"), "template", RELEASE, CHART, "--values", file]
    command += ["--kube-version", KUBERNETES]
    resident = Resident("helm", build("helm"))
    chart = resident.load(subject().chart)

    def start(**environment: str) -> object:
        settings = {**os.environ, "KUBECONFIG": os.devnull, **environment}
        return subprocess.run(command, env=settings, capture_output=True, check=True)

    def attempt(request: Request) -> object:
        try:
            return resident.render(chart, request)
        except RenderError as error:
            return error

    medians([lambda: attempt(production)] * 20)
    ways = {
        "resident": medians([lambda: resident.render(chart, production)] * 200, resident),
        "resident, another value changed each time": medians(
            [lambda request=request: attempt(request) for request in others],  # type: ignore[misc]
            resident,
        ),
        "resident, all YAML read and written anew": medians(
            [lambda: resident.render(chart, production, cached=False)] * 100, resident
        ),
        "helm template": medians([start] * 20),
        "helm template, GOGC=off": medians([lambda: start(GOGC="off")] * 20),
    }
    resident.close()
    theirs = ways["helm template"][1]
    rows = [
        [way, f"{clock:.1f} ms", f"{cpu:.1f} ms", f"{theirs / cpu:.1f}"]
        for way, (clock, cpu) in ways.items()
    ]
    show(
        "speed-render",
        "One render of the production values",
        "Bars: 5 ms, and 15 times less CPU than helm template. CPU of all processes together.",
        ["way", "median", "CPU", "times less CPU"],
        rows,
    )
    assert theirs / ways["resident"][1] > 15


def share(values: list[str]) -> tuple[int, int]:
    """Render and validate some values with an engine of their own; return how many, and CPU ms."""
    resident = Resident("helm", build("helm"))
    resident.define(subject().resources)
    chart = resident.load(subject().chart)
    valid = 0
    with measured(resident) as spent:
        for text in values:
            request = Request(text, release=RELEASE, kube_version=KUBERNETES)
            try:
                rendered = resident.render(chart, request)
            except RenderError:
                continue
            assert resident.problems(rendered, schemas.folder(KUBERNETES)) == {}
            valid += 1
    resident.close()
    return valid, round(1000 * spent.cpu)


@pytest.mark.full
def test_two_thousand_renders(fuzzer: Fuzzer) -> None:
    """Distinct renders, each validated: the seconds count from nothing at all to the last one."""
    choice = random.Random(1)
    names = sorted(subject().bases)
    wanted = {
        Request.of(changed(subject().bases[choice.choice(names)], fuzzer.sampler.changes(4))).values
        for _ in range(2500)
    }
    values = sorted(wanted)[:2000]
    assert len(values) == 2000
    with measured() as spent, multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        done = pool.map(share, [values[n::WORKERS] for n in range(WORKERS)])
    valid, cpu = (sum(column) for column in zip(*done, strict=True))
    show(
        "speed-distinct",
        "2,000 distinct renders, each validated against Kubernetes' schemas",
        "Bar: 10 s. What is not valid is refused by a check of the chart.",
        ["valid", "seconds", "CPU seconds", "CPU of one"],
        [[str(valid), f"{spent.clock:.1f}", f"{cpu / 1000:.1f}", f"{cpu / 2000:.1f} ms"]],
    )
    assert valid > 1000


@pytest.mark.full
def test_the_template_suite(tmp_path: Path) -> None:
    """The whole suite with a resident renderer and with a helm process a render; helm-unittest."""
    resident = of_the_suite("resident")
    processes = of_the_suite("program")
    ways = {
        "resident renderer": (resident.tests, resident.spent),
        "a helm process a render": (processes.tests, processes.spent),
        "helm-unittest": of_helm_unittest(tmp_path),
    }
    costs = {name: 1000 * spent.cpu / tests for name, (tests, spent) in ways.items()}
    show(
        "speed-suite",
        "The template tests, start-up and validation included",
        "Bars: 8 ms of CPU a test, 10 times less than with a helm process a render. Of the latter, "
        f"{processes.helm:.0f} s were {processes.started} processes of helm, the rest is Python, "
        "which also validates there. helm-unittest runs tests of one assertion about one template, "
        "and validates nothing.",
        ["way", "tests", "seconds", "CPU seconds", "CPU of a test"],
        [
            [name, str(tests), f"{s.clock:.0f}", f"{s.cpu:.1f}", f"{costs[name]:.1f} ms"]
            for name, (tests, s) in ways.items()
        ],
    )
    assert resident.tests == processes.tests
    assert costs["resident renderer"] < costs["a helm process a render"] / 10


@dataclass(frozen=True)
class Suite:
    """A run of the template tests: how many, what they took, and the helm processes in that."""

    tests: int
    spent: Spent
    started: int
    helm: float


def of_the_suite(way: str) -> Suite:
    """Run all template tests with a way to render."""
    with measured() as spent:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--quiet", "tests/template", f"--render-with={way}"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-3000:]
    tests = int(done.stdout.strip().splitlines()[-1].split(" passed")[0].split()[-1])
    told = re.search(r"(\d+) helm processes took ([\d.]+) s", done.stdout)
    return Suite(tests, spent, *((int(told[1]), float(told[2])) if told else (0, 0.0)))


def of_helm_unittest(folder: Path) -> tuple[int, Spent]:
    """Let helm-unittest test a copy of the chart: each template, in each set of values.

    A test sets the values, renders one template, and asserts the kind of what comes out: the
    least that a test can do there.
    """
    chart = Path(shutil.copytree(CHART, folder / "chart"))
    (chart / "tests").mkdir()
    tests = 0
    for name, values in subject().bases.items():
        rendered = Program("helm")
        objects = rendered.text(rendered.load(CHART), Request.of(values, release=RELEASE))
        printed = {
            document.split("\n", 1)[0].split("/templates/")[1]: document
            for document in objects.split("---\n# Source: ")[1:]
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        suite = {
            "suite": name,
            "values": [f"../../{name}.yaml"],
            "tests": [
                {
                    "it": f"is a {template}",
                    "template": f"templates/{template}",
                    "documentIndex": 0,
                    "asserts": [{"exists": {"path": "kind"}}],
                }
                for template in printed
            ],
        }
        tests += len(printed)
        (chart / "tests" / f"{name}_test.yaml").write_text(yaml.safe_dump(suite), encoding="utf-8")
    program = tool("helm-unittest")
    with measured() as spent:
        done = subprocess.run([program, chart], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{tests} passed" in done.stdout
    return tests, spent


def show(name: str, title: str, note: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print figures, and put them into the report."""
    save(name, Table(title, note, columns, rows))
    print(f"\n{title}. {note}")
    for row in rows:
        print("  " + ", ".join(f"{c}: {cell}" for c, cell in zip(columns, row, strict=True)))
