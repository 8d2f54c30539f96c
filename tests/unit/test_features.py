"""The table of promises: what proves a row, and what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tools import features
from tools.features import Test

CASE = '<testcase name="{name}"><properties>{rows}</properties>{end}</testcase>'


def case(name: str, *rows: str, end: str = "") -> str:
    """Return a test as pytest writes it into a report."""
    properties = "".join(f'<property name="row" value="{row}"/>' for row in rows)
    return CASE.format(name=name, rows=properties, end=end)


REPORT = "".join(
    [
        case("good", "S1", "B2"),
        case("bad", "S1", end="<failure/>"),
        case("broken", "S2", end="<error/>"),
        case("left out", "S3", end="<skipped/>"),
        '<testcase name="of no row"/>',
    ]
)


@pytest.fixture
def proofs(tmp_path: Path) -> dict[str, list[Test]]:
    """Return the tests of a small report."""
    path = tmp_path / "unit.xml"
    path.write_text(f"<testsuites><testsuite>{REPORT}</testsuite></testsuites>")
    return features.read([path])


def test_tests_are_found_by_the_rows_they_name(proofs: dict[str, list[Test]]) -> None:
    assert proofs == {
        "S1": [Test("good", "passed"), Test("bad", "failed")],
        "B2": [Test("good", "passed")],
        "S2": [Test("broken", "failed")],
        "S3": [Test("left out", "skipped")],
    }


def test_every_gap_is_a_sentence(proofs: dict[str, list[Test]]) -> None:
    found = features.problems({"S1": "a", "S2": "b", "S3": "c", "S4": "d"}, proofs)
    assert found[0].startswith("S4 has no test in ")
    assert found[1:] == [
        "B2 is named by a test, but features.yaml does not promise it.",
        "S1: bad failed.",
        "S2: broken failed.",
        "S3: left out skipped.",
    ]


def test_what_is_proven_is_no_problem(proofs: dict[str, list[Test]]) -> None:
    assert features.problems({"B2": "a"}, {"B2": proofs["B2"]}) == []


def test_the_promises_are_the_specifications_and_those_beyond() -> None:
    promises = yaml.safe_load(features.PROMISES.read_text(encoding="utf-8"))
    rows = [f"S{n}" for n in range(1, 21)] + [f"B{n}" for n in range(1, 24)]
    assert list(promises) == rows
