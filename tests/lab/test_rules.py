"""No mistake in a rule gets past the cases of tests/template/rules."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.template.chart import helm_of
from tests.template.rules import Mistake, check, foreign, mistakes, rendered
from tools import addons
from tools.lab.schemas import custom_resources

# What a run without `--full` tries of some 800 mistakes.
EVERY = 6


def noticed(mistake: Mistake) -> bool:
    """Tell whether a mistake reaches out of the release, or the rule's case fails on it."""
    if foreign(mistake.expression):
        return True
    with TemporaryDirectory() as folder:
        return check([mistake.group], Path(folder), mistake.case) != ""


@pytest.mark.row("B15")
def test_every_mistake_in_a_rule_is_noticed(full: bool, capsys: pytest.CaptureFixture[str]) -> None:
    helm = helm_of()
    helm.start("helm").define(custom_resources(addons.crds()))
    found = list(mistakes(rendered(helm)))[:: 1 if full else EVERY]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(noticed, found))
    with capsys.disabled():
        print(f"\n{sum(results)} of {len(found)} mistakes in rules noticed")
    assert [mistake.what for mistake, seen in zip(found, results, strict=True) if not seen] == []
