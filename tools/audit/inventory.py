"""Every dependency that a lock file pins, whatever its language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement

from tools import golang
from tools.console import step
from tools.paths import REPOSITORY
from tools.proc import run
from tools.versions import Module, module, table

PYTHON = "PyPI"
NODE = "npm"
GO = "Go"


@dataclass(frozen=True, order=True)
class Package:
    """A package in a version; `licence` where the lock file names it."""

    ecosystem: str
    name: str
    version: str
    licence: str = field(default="", compare=False)


def everything(repository: Path = REPOSITORY) -> list[Package]:
    """Return all of them, each once."""
    found = {*python(repository / "requirements.lock")}
    for lock in sorted((repository / "images").glob("*/package-lock.json")):
        found.update(node(lock))
    with step("reading the go.mod of every pinned module"):
        for name in table()["tools"]:
            found.update(go(module(name)))
    return sorted(found)


def python(lock: Path) -> Iterator[Package]:
    """Yield what a requirements file with hashes pins."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line[:1].isalnum():
            requirement = Requirement(line.partition(" \\")[0])
            (version,) = requirement.specifier
            yield Package(PYTHON, requirement.name, version.version)


def node(lock: Path) -> Iterator[Package]:
    """Yield what an npm lock file pins; packages of this repository are none."""
    for path, entry in json.loads(lock.read_text(encoding="utf-8"))["packages"].items():
        name = path.rpartition("node_modules/")[2]
        if name and "version" in entry and not entry.get("resolved", "").startswith("file:"):
            yield Package(NODE, name, entry["version"], str(entry.get("license", "")))


def go(pinned: Module) -> Iterator[Package]:
    """Yield a module and what its go.mod requires: all that can be compiled into its programs."""
    yield Package(GO, pinned.module, pinned.version)
    folder = golang.source(pinned)
    content = json.loads(run([golang.go(), "mod", "edit", "-json"], cwd=folder))
    for required in content.get("Require") or []:
        if required["Version"] != "v0.0.0":  # stands for a folder beside it
            yield Package(GO, required["Path"], required["Version"])
