"""Which values change what is rendered: one that changes nothing is an empty promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.lab.engine import RenderError, Request
from tools.lab.fuzz import Fuzzer
from tools.lab.sampler import Path, changed, dotted


@dataclass(frozen=True)
class ValueCoverage:
    """The values that matter, each with the base that shows it, and those that do not."""

    matter: Mapping[str, str]
    idle: tuple[str, ...]


def measure(fuzzer: Fuzzer) -> ValueCoverage:
    """Change every value by itself, in one base after the other, until the objects differ.

    An upgrade is looked at as well as an install.

    A refusal counts as a difference: so does a value matter that a check of the chart reads.
    """
    before = {name: _outcome(fuzzer, values) for name, values in fuzzer.subject.bases.items()}
    found = {path: _witness(fuzzer, path, before) for path in fuzzer.sampler.leaves}
    return ValueCoverage(
        {dotted(path): base for path, base in found.items() if base is not None},
        tuple(sorted(dotted(path) for path, base in found.items() if base is None)),
    )


def _witness(fuzzer: Fuzzer, path: Path, before: Mapping[str, Any]) -> str | None:
    pool = fuzzer.sampler.pools[path]
    for few in (pool[:2], pool[2:]):
        for base, values in fuzzer.subject.bases.items():
            for value in few:
                if _outcome(fuzzer, changed(values, [(path, value)])) != before[base]:
                    return base
    return None


def _outcome(fuzzer: Fuzzer, values: dict[str, Any]) -> Any:
    release = fuzzer.subject.release
    try:
        return [
            fuzzer.engine.render(
                fuzzer.chart, Request.of(values, release=release, upgrade=upgrade)
            ).documents
            for upgrade in (False, True)
        ]
    except RenderError as error:
        return str(error)
