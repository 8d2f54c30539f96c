"""What an install consists of, written down: so that a reviewer sees what a change does to users.

Golden files hold the objects of a few installs, sorted by kind and name. `nox -s golden` shows how
the chart differs from them, field by field; `nox -s golden -- --accept` writes them anew.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Iterator
from typing import Any

import yaml

from tools.console import say
from tools.errors import ToolError
from tools.lab.helm import Helm, merge
from tools.lab.manifests import Manifest, Manifests
from tools.paths import CHART, REPOSITORY

FOLDER = REPOSITORY / "tests" / "template" / "golden"
CREDENTIALS = CHART / "ci" / "default-values.yaml"
INSTALLS = {
    "defaults": [CREDENTIALS],
    "staging": [CREDENTIALS, REPOSITORY / "values" / "staging.yaml"],
    "production": [CREDENTIALS, REPOSITORY / "values" / "production.yaml"],
}


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Show how the rendered chart differs from the golden files, or accept it.

    Raises:
        ToolError: something differs, and was not to be accepted.
    """
    del flags
    differing = []
    for name in INSTALLS:
        if told := list(difference(golden(name), rendered(name))):
            differing.append(name)
            say(f"{name}:")
            print("\n".join(told))
        if arguments.accept:
            write(name)
    if differing and not arguments.accept:
        raise ToolError(
            f"{', '.join(differing)}: not what tests/template/golden holds. If that is what you "
            "want users to get, run `nox -s golden -- --accept` and commit the files."
        )
    say(f"{', '.join(differing)}: accepted" if differing else "the chart renders what is golden")


def rendered(name: str) -> Manifests:
    """Return what an install consists of now."""
    values = merge(*(yaml.safe_load(path.read_text("utf-8")) for path in INSTALLS[name]))
    helm = Helm(CHART, release="disney-ai-plus", namespace="disney-ai-plus")
    return helm.render(values=values, valid=False)


def golden(name: str) -> list[Manifest]:
    """Return what an install is known to consist of; nothing if it was never written down."""
    path = FOLDER / f"{name}.yaml"
    if not path.exists():
        return []
    documents = yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return [document for document in documents if document]


def write(name: str) -> None:
    """Write a golden file."""
    FOLDER.mkdir(exist_ok=True)
    manifests = sorted(rendered(name), key=_identity)
    text = yaml.dump_all(copy.deepcopy(manifests), sort_keys=True, width=100, allow_unicode=True)
    (FOLDER / f"{name}.yaml").write_text(text, encoding="utf-8")


def difference(old: list[Manifest], new: list[Manifest]) -> Iterator[str]:
    """Yield a line for each object that came or went, and for each field that differs."""
    before, after = ({_identity(m): m for m in side} for side in (old, new))
    for identity in sorted(before.keys() | after.keys()):
        if identity not in after:
            yield f"- {identity}"
        elif identity not in before:
            yield f"+ {identity}"
        else:
            told = list(_fields("", before[identity], after[identity]))
            yield from [f"~ {identity}", *told] if told else []


def _fields(path: str, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _fields(f"{path}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from _fields(f"{path}[{index}]", *pair)
    elif isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
        yield f"    {path.lstrip('.')}:"
        before, after = old.splitlines(), new.splitlines()
        yield from (f"      - {line}" for line in before if line not in after)
        yield from (f"      + {line}" for line in after if line not in before)
    else:
        yield f"    {path.lstrip('.')}: {_short(old)} → {_short(new)}"


def _short(value: Any) -> str:
    if value is None:
        return "(absent)"
    text = yaml.safe_dump(copy.deepcopy(value), default_flow_style=True, width=10_000).strip()
    text = text.removesuffix("\n...").removesuffix("...").strip()
    return text if len(text) <= 120 else f"{text[:117]}…"


def _identity(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"
