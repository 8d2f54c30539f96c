"""No mistake in a rule gets past the cases of tests/template/rules."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.template.chart import helm_of
from tests.template.rules import Mistake, check, mistakes, rendered
from tools import addons
from tools.lab.schemas import custom_resources


def noticed(mistake: Mistake) -> bool:
    """Tell whether the rule's case fails on a mistake."""
    with TemporaryDirectory() as folder:
        return check([mistake.group], Path(folder), mistake.case) != ""


@pytest.mark.row("B15")
def test_every_mistake_in_a_rule_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    helm = helm_of()
    helm.start("helm").define(custom_resources(addons.crds()))
    found = list(mistakes(rendered(helm)))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(noticed, found))
    with capsys.disabled():
        print(f"\n{sum(results)} of {len(found)} mistakes in rules noticed")
    assert [mistake.what for mistake, seen in zip(found, results, strict=True) if not seen] == []
