"""The parts of a report, each a JSON file of its own: a test writes one, the page draws all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from tools.paths import REPORT

Verdict = Literal["good", "bad", "none"]


@dataclass(frozen=True)
class Cell:
    """A word in a matrix, and whether it is what was promised."""

    text: str
    verdict: Verdict = "none"


@dataclass(frozen=True)
class Event:
    """Something that was done while a timeline was measured, in seconds from its beginning."""

    begin: float
    end: float
    label: str


@dataclass(frozen=True)
class Table:
    """Rows of text."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Matrix:
    """What came of each row with each column: `cells[row][column]`."""

    title: str
    note: str
    rows: Sequence[str]
    columns: Sequence[str]
    cells: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Timeline:
    """Values over time by series, as (second, value) pairs; what happened and what failed, when."""

    title: str
    note: str
    unit: str
    series: Mapping[str, Sequence[tuple[float, float]]]
    events: Sequence[Event] = field(default_factory=list)
    failures: Sequence[tuple[float, str]] = field(default_factory=list)


Part = Table | Matrix | Timeline


def save(name: str, part: Part, folder: Path = REPORT) -> Path:
    """Write a part as `NAME.json`, in place of an earlier one of that name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    content = {"kind": type(part).__name__, **asdict(part)}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> Part | None:
    """Return the part in a file; none if the file is JSON of another sort."""
    content = json.loads(path.read_text(encoding="utf-8"))
    match content.pop("kind", None) if isinstance(content, dict) else None:
        case "Table":
            return Table(**content)
        case "Matrix":
            cells = [[Cell(**cell) for cell in row] for row in content.pop("cells")]
            return Matrix(**content, cells=cells)
        case "Timeline":
            events = [Event(**event) for event in content.pop("events")]
            return Timeline(**content, events=events)
    return None
