"""Thousands of values that the schema allows, and as many mistakes: is every outcome explained?

What the schema allows must render objects that the oldest and the newest Kubernetes take and in
which every reference leads somewhere, or be refused by a check of the chart that names a value.
What the schema does not allow must be refused by the schema.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import random
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.lab import schemas
from tools.lab.engine import Engine, RenderError, Request, start
from tools.lab.manifests import Manifests
from tools.lab.sampler import Change, Sampler, changed, dotted

SCHEMA_SAYS = "values don't meet the specifications of the schema"
# "  - api.port: what is wrong with it": how a check of the chart names a value.
NAMED = re.compile(r"^\s*- ([A-Za-z]\S*): \S", re.MULTILINE)


@dataclass(frozen=True)
class Subject:
    """A chart to be fuzzed.

    `bases` are whole sets of values, by name, that changes are made to. `closed` raises an
    AssertionError where an object refers to nothing. `examples` are for `Sampler`.
    """

    chart: Path
    bases: Mapping[str, dict[str, Any]]
    kube_versions: tuple[str, str]
    closed: Callable[[Manifests, dict[str, Any]], None]
    examples: Mapping[str, list[Any]] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    release: str = "release"
    most_changes: int = 8


@dataclass(frozen=True)
class Finding:
    """An outcome that nothing explains, with the fewest changes that bring it about."""

    base: str
    changes: list[Change]
    outcome: str

    def __str__(self) -> str:
        """Return what to do to see it again."""
        told = "\n".join(f"    {dotted(path)}: {json.dumps(v)}" for path, v in self.changes)
        return f"  {self.base} with\n{told}\n    -> {self.outcome}"


@dataclass
class Result:
    """How often each explained outcome came up, what is unexplained, and the seconds it took."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0


def run(subject: Subject, valid: int, invalid: int, seed: int, workers: int = 2) -> Result:
    """Try so many valid values and mistakes, spread over processes."""
    begun = time.monotonic()
    shares = [
        (subject, valid // workers, invalid // workers, seed * workers + worker)
        for worker in range(workers)
    ]
    total = Result()
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for result in pool.starmap(_run, shares):
            total.outcomes += result.outcomes
            total.findings += result.findings
    total.seconds = time.monotonic() - begun
    return total


def _run(subject: Subject, valid: int, invalid: int, seed: int) -> Result:
    # Thousands of objects are kept, trees all of them: looking for cycles among them, again and
    # again, took a third of what Python does here.
    gc.disable()
    fuzzer = Fuzzer(subject, start("helm"), seed)
    result = Result()
    choice = random.Random(seed)
    names = sorted(subject.bases)
    for _ in range(valid):
        base, changes = choice.choice(names), fuzzer.sampler.changes(subject.most_changes)
        outcome, explained = fuzzer.outcome(base, changes)
        fuzzer.engine.forget()
        if explained:
            result.outcomes[outcome] += 1
        else:
            result.findings.append(fuzzer.shrunk(base, changes, fuzzer.outcome))
    mistakes = fuzzer.sampler.mistakes()
    for _ in range(invalid):
        base, changes = choice.choice(names), [next(mistakes)]
        outcome, explained = fuzzer.refusal(base, changes)
        if explained:
            result.outcomes[outcome] += 1
        else:
            result.findings.append(Finding(base, changes, outcome))
    fuzzer.engine.close()
    return result


class Fuzzer:
    """Tries values on one chart with one engine."""

    def __init__(self, subject: Subject, engine: Engine, seed: int = 0) -> None:
        """Load the chart and make the examples."""
        self.subject = subject
        self.engine = engine
        engine.define(subject.resources)
        self.chart = engine.load(subject.chart)
        schema = json.loads((subject.chart / "values.schema.json").read_text(encoding="utf-8"))
        self.sampler = Sampler(schema, subject.examples, seed)

    def outcome(self, base: str, changes: list[Change]) -> tuple[str, bool]:
        """Return what comes of values that the schema allows, and whether that is explained."""
        values = changed(self.subject.bases[base], changes)
        for version in self.subject.kube_versions:
            try:
                request = Request.of(values, release=self.subject.release, kube_version=version)
                rendered = self.engine.render(self.chart, request)
            except RenderError as error:
                return _refused(str(error))
            problems = self.engine.problems(rendered, schemas.folder(version))
            for place, found in problems.items():
                return f"{rendered.manifests.names()[place]} {found[0]} ({version})", False
            try:
                self.subject.closed(rendered.manifests, values)
            except Exception as error:  # a check that stumbles has found something, too
                last = traceback.extract_tb(error.__traceback__)[-1]
                return f"{last.name}: {type(error).__name__} {error} in `{last.line}`", False
        return "rendered", True

    def refusal(self, base: str, changes: list[Change]) -> tuple[str, bool]:
        """Return what comes of a mistake, and whether the schema refuses it."""
        values = changed(self.subject.bases[base], changes)
        try:
            self.engine.render(self.chart, Request.of(values, release=self.subject.release))
        except RenderError as error:
            message = str(error)
            return ("refused by the schema", True) if SCHEMA_SAYS in message else (message, False)
        return "rendered, though the schema should refuse it", False

    def shrunk(
        self,
        base: str,
        changes: Sequence[Change],
        outcome: Callable[[str, list[Change]], tuple[str, bool]],
    ) -> Finding:
        """Return the finding with every change taken away that it does not need."""
        kept = list(changes)
        for change in changes:
            fewer = [c for c in kept if c is not change]
            if fewer and not outcome(base, fewer)[1]:
                kept = fewer
        return Finding(base, kept, outcome(base, kept)[0])


def _refused(message: str) -> tuple[str, bool]:
    if SCHEMA_SAYS in message:
        return f"refused by the schema: {message.strip()}", False
    named = NAMED.findall(message)
    if named and "execution error at" in message:
        return f"refused by a check: {named[0]}", True
    return message.strip(), False
