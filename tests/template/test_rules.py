"""Alerts fire when they should, and only then: promtool runs the cases of tests/template/rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.template.rules import CASES, Groups, case_of, check, rendered
from tools.lab.helm import Helm

FILES = sorted(CASES.glob("*.yaml"))


@pytest.fixture(scope="module")
def groups(helm: Helm) -> Groups:
    """The release's rules."""
    return rendered(helm)


@pytest.mark.row("S14", "B15")
@pytest.mark.parametrize("case", FILES, ids=[path.stem for path in FILES])
def test_an_alert_fires_when_it_should(groups: Groups, case: Path, tmp_path: Path) -> None:
    assert check(groups, tmp_path, case) == ""


@pytest.mark.row("B15")
def test_every_rule_has_a_case(groups: Groups) -> None:
    assert {case_of(rule) for group in groups for rule in group["rules"]} == set(FILES)
