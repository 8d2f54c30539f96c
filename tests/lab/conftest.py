"""Fixtures of the lab: the recorded run of the template tests, and how much to try."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.subject import subject
from tools.lab.engine import engine
from tools.lab.fuzz import Fuzzer
from tools.paths import REPORT, REPOSITORY

# Golden files notice every difference, and tell nothing about the other tests; the rules have
# mistakes of their own (test_rules.py), and promtool takes long.
IGNORED = ("test_golden.py", "test_rules.py")
TESTS = ("tests/template", *(f"--ignore=tests/template/{name}" for name in IGNORED))


@dataclass(frozen=True)
class Recorded:
    """Where a run of the template tests left what it rendered and reached."""

    record: Path
    coverage: Path


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    """Run the template tests with instrumented templates."""
    found = Recorded(REPORT / "template-record.json", REPORT / "template-coverage.json")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--quiet", *TESTS),
            *(f"--template-record={found.record}", f"--template-coverage={found.coverage}"),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return found


@pytest.fixture(scope="session")
def fuzzer() -> Fuzzer:
    """Return the chart, ready to be tried with any values."""
    return Fuzzer(subject(), engine())


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Tell whether the full counts were asked for (`-- --full`)."""
    return bool(request.config.getoption("--full"))
