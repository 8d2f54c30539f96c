"""Mistakes in the chart turn tests red."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import yaml

from tests.lab.conftest import TESTS, Recorded
from tests.template.chart import CHART
from tools.lab.mutation import Campaign, Verdict, sample
from tools.paths import REPORT, REPOSITORY

SEED = 20261124
EXPLAINED = REPOSITORY / "tests" / "lab" / "survivors.yaml"


def explained(verdict: Verdict) -> bool:
    """Tell whether a survivor is listed with a reason."""
    mutant = verdict.mutant
    return any(
        (entry["file"], entry["before"], entry["after"])
        == (mutant.file, mutant.before, mutant.after)
        and entry["reason"]
        for entry in yaml.safe_load(EXPLAINED.read_text(encoding="utf-8")) or []
    )


def test_mutants_are_killed(recorded: Recorded, request: pytest.FixtureRequest) -> None:
    count = request.config.getoption("--mutants")
    chosen = sample(CHART, count, SEED)
    campaign = Campaign(REPOSITORY, CHART, TESTS, recorded.record)
    verdicts = campaign.run(chosen)
    survivors = [verdict for verdict in verdicts if verdict.killer is None]
    show(verdicts)
    unexplained = [str(v.mutant) for v in survivors if not explained(v)]
    assert len(verdicts) == len(chosen)
    assert not unexplained, f"{len(unexplained)} unexplained survivors:\n" + "\n".join(unexplained)
    assert len(survivors) <= 0.05 * len(verdicts)


def show(verdicts: list[Verdict]) -> None:
    """Print the figures and write them beside the survivors."""
    total = Counter(verdict.mutant.kind for verdict in verdicts)
    alive = Counter(verdict.mutant.kind for verdict in verdicts if verdict.killer is None)
    for kind, number in total.most_common():
        print(f"{number:5} {kind}: {alive[kind]} survived")
    killed = sum(verdict.killer is not None for verdict in verdicts)
    print(f"{killed} of {len(verdicts)} killed, {100 * killed / len(verdicts):.1f} %")
    REPORT.mkdir(parents=True, exist_ok=True)
    (REPORT / "mutation.json").write_text(
        json.dumps(
            [
                {
                    "kind": v.mutant.kind,
                    "file": v.mutant.file,
                    "line": v.mutant.line,
                    "before": v.mutant.before,
                    "after": v.mutant.after,
                    "killer": v.killer,
                    "ran": v.ran,
                    "seconds": round(v.seconds, 3),
                }
                for v in verdicts
            ],
            indent=1,
        )
    )
