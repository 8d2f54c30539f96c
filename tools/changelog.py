"""CHANGELOG.md, the one source of what changed: read for Artifact Hub, and before a release.

The format is that of Keep a Changelog: a heading `## VERSION (unreleased)` or `## VERSION - DATE` a
release, a heading a kind of change below it, a list item a change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError
from tools.paths import REPOSITORY

FILE = REPOSITORY / "CHANGELOG.md"
RELEASE = re.compile(r"^## (?P<version>\S+) (?:\(unreleased\)|- (?P<date>\d{4}-\d\d-\d\d))$")
KIND = re.compile(r"^### (?P<kind>\w+)$")
# The kinds that Keep a Changelog and Artifact Hub both know.
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")


@dataclass(frozen=True)
class Change:
    """A change: its kind, as Artifact Hub calls it, and a sentence or more."""

    kind: str
    description: str


@dataclass(frozen=True)
class Entry:
    """What a version changes, and the day of its release (None: not released yet)."""

    version: str
    date: str | None
    changes: tuple[Change, ...]


def entry(version: str, path: Path = FILE) -> Entry:
    """Return the entry of a version.

    Raises:
        ToolError: there is none, it lists nothing, or it has a kind of change that nobody knows.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        found = RELEASE.match(line)
        if found and found["version"] == version:
            changes = tuple(_changes(lines[number + 1 :], path))
            if not changes:
                raise ToolError(f"{path.name} says nothing below `{line}`: list what changed.")
            return Entry(version, found["date"], changes)
    raise ToolError(
        f"{path.name} has no entry for {version}. Add `## {version} (unreleased)` and what changed."
    )


def _changes(lines: list[str], path: Path) -> list[Change]:
    """Return the changes up to the next release; an item's lines are joined."""
    found: list[Change] = []
    kind = ""
    for line in lines:
        if line.startswith("## "):
            break
        if heading := KIND.match(line):
            kind = heading["kind"].lower()
            if kind not in KINDS:
                raise ToolError(f"{path.name}: `{line}` is none of {', '.join(KINDS)}.")
        elif line.startswith("- "):
            found.append(Change(kind, line[2:].strip()))
        elif line.startswith("  ") and found:
            last = found.pop()
            found.append(Change(last.kind, f"{last.description} {line.strip()}"))
    return found
