"""The rules as a test of promtool takes them, and mistakes that one could make in them."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.template.chart import merge, required
from tools import toolchain
from tools.lab.helm import Helm

CASES = Path(__file__).with_name("rules")
Groups = list[dict[str, Any]]

OPERATORS = {
    " > ": " < ",
    " < ": " > ",
    " >= ": " > ",
    " == ": " != ",
    " and ": " or ",
    " or ": " and ",
    " unless ": " and ",
    " - ": " + ",
    " / ": " * ",
    " * ": " / ",
    "sum by": "max by",
    "max by": "sum by",
    "min by": "max by",
    "rate(": "increase(",
    "increase(": "rate(",
    "min_over_time(": "max_over_time(",
    "time()": "1",
}
QUANTILE = "histogram_quantile("
WINDOWS = {"5m": "2m", "30m": "1h", "1h": "30m", "2h": "6h", "6h": "2h", "1d": "12h", "3d": "1d"}


def rendered(helm: Helm) -> Groups:
    """Return the groups of rules as a release in the namespace `stories` has them."""
    values = merge(required(), {"monitoring": {"rules": {"enabled": True}}})
    (found,) = helm.render(values=values, namespace="stories").all("PrometheusRule")
    groups: Groups = json.loads(json.dumps(found["spec"]["groups"]))
    return groups


def case_of(rule: dict[str, Any]) -> Path:
    """Return the file that says when a rule's alert fires, or what a recorded rule records."""
    return CASES / f"{rule.get('alert', 'objectives')}.yaml"


def foreign(expression: str, prefix: str = "") -> list[str]:
    """Return the selectors of an expression that are not limited to the release in `stories`."""
    own = rf'"(data-)?{prefix}(\(|api|web|db|migrate|backup)'
    return [
        selector
        for selector in re.findall(r"\{([^{}]*)\}", expression)
        if 'namespace="stories"' not in selector or not re.search(own, selector)
    ]


def check(groups: Groups, folder: Path, *cases: Path) -> str:
    """Return what promtool finds wrong with rules, syntax and test cases; nothing is well.

    Of the annotations only the summary stays, so that the cases need not repeat the others.
    """
    kept = copy.deepcopy(groups)
    for group in kept:
        for rule in group["rules"]:
            if "annotations" in rule:
                rule["annotations"] = {"summary": rule["annotations"]["summary"]}
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": kept}), encoding="utf-8")
    files = [shutil.copy(case, folder) for case in cases]
    calls = [["check", "rules", "rules.yaml"]]
    if files:
        calls.append(["test", "rules", *map(str, files)])
    for words in calls:
        done = subprocess.run(
            [toolchain.tool("promtool"), *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return done.stdout + done.stderr
    return ""


@dataclass(frozen=True)
class Mistake:
    """A rule's group with one thing changed in that rule, and the case that should notice."""

    what: str
    expression: str
    group: dict[str, Any]
    case: Path


def mistakes(groups: Groups) -> Iterator[Mistake]:
    """Yield every single change of operator, number, window, label or selector, and of the wait."""
    for group in groups:
        for position, rule in enumerate(group["rules"]):
            for what, changed in _changes(rule):
                wrong = copy.deepcopy(group)
                wrong["rules"][position] = changed
                name = rule.get("alert") or rule["record"]
                yield Mistake(f"{name}: {what}", changed["expr"], wrong, case_of(rule))


def _changes(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for what, expression in _expressions(" ".join(rule["expr"].split())):
        yield what, rule | {"expr": expression}
    if "for" in rule:
        yield "for: 0s", rule | {"for": "0s"}
        yield "for: 3 days", rule | {"for": "3d"}


def _expressions(text: str) -> Iterator[tuple[str, str]]:
    """Yield an expression with one part of it changed, and the words that say which."""
    for old, new in OPERATORS.items():
        start = r"\b" if old[0].isalpha() else ""
        for found in re.finditer(start + re.escape(old), text):
            # A quantile of rates is that of increases, so this changes nothing.
            same = {old, new} == {"rate(", "increase("} and QUANTILE in text[: found.start()]
            # Nothing is negative, so a sum is 0 where the maximum is.
            same = same or (old == "max by" and text.endswith("== 0"))
            if not same:
                yield _with(text, found, new)
    yield from _labels(text)
    for found in re.finditer(r"(?<=\[)\w+(?=\])", text):
        yield _with(text, found, WINDOWS[found[0]])
    for found in re.finditer(r"(?<=ratio_rate)\w+", text):
        yield _with(text, found, WINDOWS[found[0]])
    for found in re.finditer(r"(?<=[\s(])[\d.]+(?=[\s,)]|$)", text):
        number = float(found[0])
        for other in (number * 1.25, number * 0.8) if number else (1, -1):
            yield _with(text, found, f"{other:g}")
    for found in re.finditer(r'\w+(=~|!=|=)"[^"]*"(, )?', text):
        yield _with(text, found, "")
    for found in re.finditer(r'(?<=\w)(=~|!=|=)(?=")', text):
        yield _with(text, found, {"=~": "!~", "=": "!=", "!=": "="}[found[0]])


def _labels(text: str) -> Iterator[tuple[str, str]]:
    """Yield an expression without one of the labels that it groups or joins by, or without `on`."""
    for found in re.finditer(r"(?<= (?P<word>by|on) \()[\w, ]+(?=\))", text):
        labels = found[0].split(", ")
        for label in labels:
            # Selectors hold both sides of a join to one namespace.
            if (found["word"], label) != ("on", "namespace"):
                yield _with(text, found, ", ".join(other for other in labels if other != label))
    for found in re.finditer(r" on \([\w, ]+\)", text):
        yield _with(text, found, "")


def _with(text: str, found: re.Match[str], new: str) -> tuple[str, str]:
    changed = text[: found.start()] + new + text[found.end() :]
    context = text[max(0, found.start() - 20) : found.end() + 20]
    return f"{found[0]!r} -> {new!r} in …{context}…", changed.replace(", }", "}")
