"""What the schema allows works or is refused by name; what it does not allow, it refuses."""

from __future__ import annotations

from tests.lab.subject import subject
from tools.lab import fuzz

SEED = 20261124


def test_every_outcome_is_explained(full: bool) -> None:
    valid, invalid = (10_000, 1_000) if full else (1_000, 200)
    result = fuzz.run(subject(), valid, invalid, SEED)
    print(f"{valid} valid and {invalid} invalid values in {result.seconds:.1f} s")
    for outcome, count in result.outcomes.most_common():
        print(f"{count:7} {outcome}")
    told = "\n".join(map(str, result.findings[:20]))
    assert not result.findings, f"{len(result.findings)} are unexplained:\n{told}"
    assert result.outcomes.total() == valid + invalid
    assert result.outcomes["rendered"] > valid / 4
    assert result.outcomes["refused by the schema"] == invalid
