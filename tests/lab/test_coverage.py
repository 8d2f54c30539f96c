"""Every value changes something, and every branch of every template is reached by a test."""

from __future__ import annotations

import json

import yaml

from tests.lab.conftest import Recorded
from tests.lab.subject import subject
from tools.lab import value_coverage
from tools.lab.coverage import FileCoverage, share, totals
from tools.lab.fuzz import Fuzzer
from tools.paths import REPOSITORY

REASONS = REPOSITORY / "tests" / "lab" / "idle-values.yaml"


def test_every_value_matters(fuzzer: Fuzzer) -> None:
    measured = value_coverage.measure(fuzzer)
    reasons = yaml.safe_load(REASONS.read_text(encoding="utf-8"))
    print(f"{len(measured.matter)} values matter, {len(measured.idle)} do not")
    assert len(measured.matter) > 200
    assert set(measured.idle) == set(reasons), "idle values and their reasons differ"
    assert all(reasons.values())


def test_every_branch_is_reached(recorded: Recorded) -> None:
    files = [FileCoverage(**found) for found in json.loads(recorded.coverage.read_text("utf-8"))]
    lines, branches = totals(files)
    print(f"lines {share(*lines)} of {lines[0]}, branches {share(*branches)} of {branches[0]}")
    missed = {file.file: file.missed_branches for file in files if file.missed_branches}
    assert len(files) > 40
    assert branches[1] / branches[0] >= 0.98, missed
    assert lines[1] == lines[0], {file.file: file.missed_lines for file in files}


def test_the_bases_are_those_of_the_template_tests() -> None:
    assert {"production", "staging", "default"} <= subject().bases.keys()
