"""The report: parts survive the way through JSON, and the page shows and escapes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.report import Cell, Event, Matrix, Table, Timeline, save
from tools.report.page import write
from tools.report.parts import Part, read
from tools.report.plot import svg

TABLE = Table("Counts", "by event", ["event", "count"], [["upgrade <now>", "100"]])
CONNECTED, OPEN = Cell("connected", "good"), Cell("open", "bad")
MATRIX = Matrix(
    "Edges",
    "who reaches whom",
    ["api"],
    ["db", "web"],
    [[Cell("connected", "good"), Cell("open", "bad")]],
)
TIMELINE = Timeline(
    title="Latency",
    note="by second",
    unit="ms",
    series={"p50": [[0, 1.0], [1, 2.5]]},  # type: ignore[list-item]
    events=[Event(0.5, 0.8, "drain a & b")],
    failures=[[0.6, "reset"]],  # type: ignore[list-item]
)


@pytest.mark.parametrize("part", [TABLE, MATRIX, TIMELINE], ids=lambda part: type(part).__name__)
def test_a_part_is_read_as_it_was_written(tmp_path: Path, part: Part) -> None:
    assert read(save("part", part, tmp_path)) == part


def test_other_json_is_no_part(tmp_path: Path) -> None:
    for content in ([1], {"kind": "else"}, {}):
        path = tmp_path / "other.json"
        path.write_text(json.dumps(content))
        assert read(path) is None


def test_a_report_without_parts_has_no_page(tmp_path: Path) -> None:
    (tmp_path / "coverage.json").write_text("{}")
    assert write(tmp_path) is None


def test_the_page_shows_every_part_and_escapes_its_text(tmp_path: Path) -> None:
    parts: dict[str, Part] = {"counts": TABLE, "edges": MATRIX, "latency": TIMELINE}
    for name, part in parts.items():
        save(name, part, tmp_path)
    page = write(tmp_path)
    assert page is not None
    text = page.read_text()
    assert "upgrade &lt;now&gt;" in text
    assert '<td class="good">connected</td><td class="bad">open</td>' in text
    assert "<svg" in text
    assert "drain a &amp; b" in text
    assert "<td>0.60</td><td>reset</td>" in text
    assert text.count('href="latency.json"') == 1


def test_long_lists_of_failures_are_cut_on_the_page_and_counted(tmp_path: Path) -> None:
    failures = [(float(n), "reset") for n in range(120)]
    save("latency", Timeline("Latency", "", "ms", {}, [], failures), tmp_path)
    page = write(tmp_path)
    assert page is not None
    assert page.read_text().count("<td>reset</td>") == 50
    assert "120 failures in all." in page.read_text()


def test_the_same_numbers_give_the_same_picture() -> None:
    assert svg(TIMELINE) == svg(TIMELINE)


def test_a_picture_tells_events_series_and_failures() -> None:
    picture = svg(TIMELINE)
    for word in ("p50", "failed", "drain a &amp; b", "ms", "seconds"):
        assert f">{word}<" in picture
