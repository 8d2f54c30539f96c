"""Which tests prove which promise of the chart, and how they ended last."""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import yaml
from rich.console import Console
from rich.table import Table

from tools.errors import ToolError
from tools.paths import BUILD, REPOSITORY

PROMISES = REPOSITORY / "tests" / "features.yaml"
REPORTS = BUILD / "report"


@dataclass(frozen=True)
class Test:
    """One test of the last run of its session."""

    name: str
    outcome: str  # passed, failed or skipped

    __test__ = False


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Show the promises with their tests; fail where one has none, or one that did not pass.

    Raises:
        ToolError: a promise is not proven by the last runs.
    """
    del arguments, flags
    promises: dict[str, str] = yaml.safe_load(PROMISES.read_text(encoding="utf-8"))
    proofs = read(sorted(REPORTS.glob("*.xml")))
    table = Table(title="What the chart promises", title_justify="left")
    for column in ("row", "promise", "tests", "passed", "for example"):
        table.add_column(column)
    for row, promise in promises.items():
        tests = proofs.get(row, [])
        passed = [test for test in tests if test.outcome == "passed"]
        example = passed[0].name if passed else "none"
        table.add_row(row, promise, str(len(tests)), str(len(passed)), example)
    Console(width=160).print(table)
    if wrong := problems(promises, proofs):
        raise ToolError("\n".join(wrong))


def problems(promises: dict[str, str], proofs: dict[str, list[Test]]) -> list[str]:
    """Return a sentence for every row that is not proven, or not promised."""
    wrong = [
        f"{row} has no test in {REPORTS}; run the sessions first."
        for row in promises
        if row not in proofs
    ]
    wrong += [
        f"{row} is named by a test, but {PROMISES.name} does not promise it."
        for row in proofs
        if row not in promises
    ]
    wrong += [
        f"{row}: {test.name} {test.outcome}."
        for row, tests in proofs.items()
        for test in tests
        if test.outcome != "passed"
    ]
    return wrong


def read(reports: list[Path]) -> dict[str, list[Test]]:
    """Return the tests of each row from JUnit files, as `tests/conftest.py` has them written."""
    found: dict[str, list[Test]] = defaultdict(list)
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 (our own file)
            test = Test(case.get("name", ""), _outcome(case))
            for item in case.iterfind("properties/property[@name='row']"):
                found[item.get("value", "")].append(test)
    return dict(found)


def _outcome(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"
