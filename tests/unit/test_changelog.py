"""The changelog is read as it is written, and what cannot be read is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import changelog
from tools.changelog import Change
from tools.errors import ToolError

TEXT = """# Changelog

## 1.1.0 (unreleased)

### Added

- One thing,
  on two lines.
- Another.

### Fixed

- A third: with a colon.

## 1.0.0 - 2026-01-02

### Removed

- The last.

## 0.9.0 - 2025-01-02

### Sundry

- What?
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "CHANGELOG.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_an_entry_ends_where_the_next_begins(file: Path) -> None:
    found = changelog.entry("1.1.0", file)
    assert found.date is None
    assert found.changes == (
        Change("added", "One thing, on two lines."),
        Change("added", "Another."),
        Change("fixed", "A third: with a colon."),
    )
    assert changelog.entry("1.0.0", file).changes == (Change("removed", "The last."),)


def test_a_release_has_a_date(file: Path) -> None:
    assert changelog.entry("1.0.0", file).date == "2026-01-02"


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("2.0.0", "has no entry for 2.0.0. Add `## 2.0.0"),
        ("1.0", "has no entry for 1.0."),
        ("0.9.0", "`### Sundry` is none of added, changed"),
    ],
)
def test_what_is_not_there_is_told(file: Path, version: str, told: str) -> None:
    with pytest.raises(ToolError) as error:
        changelog.entry(version, file)
    assert told in str(error.value)


@pytest.mark.parametrize("kind", ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"])
def test_the_kinds_of_keep_a_changelog_are_known(kind: str, file: Path) -> None:
    file.write_text(f"## 1.0.0 - 2026-01-02\n\n### {kind}\n\n-  A café. \n", encoding="utf-8")
    assert changelog.entry("1.0.0", file).changes == (Change(kind.lower(), "A café."),)


def test_what_stands_before_the_first_change_is_none(file: Path) -> None:
    file.write_text("## 1.0.0 - 2026-01-02\n\n  Words.\n\n### Fixed\n\n- It.\n", encoding="utf-8")
    assert changelog.entry("1.0.0", file).changes == (Change("fixed", "It."),)


def test_an_entry_says_something(file: Path) -> None:
    file.write_text("## 1.0.0 - 2026-01-02\n\n### Added\n", encoding="utf-8")
    with pytest.raises(ToolError, match="list what changed"):
        changelog.entry("1.0.0", file)
