"""Lines and branches are counted where they are executed."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from tools.lab.coverage import Templates, share, table, totals, write

SOURCES = {
    "templates/a.yaml": "a: 1\n{{- if .b }}\nb: 2\n\n{{- /* nothing */}}\n{{- end }}\n",
    "templates/_b.tpl": '{{- define "b" }}\nb\n{{- end }}\n',
}


def numbers(templates: Templates) -> dict[str, int]:
    """Return the blocks' numbers by what opens them."""
    return {block.what: number for number, block in templates.blocks.items()}


def test_what_is_not_reached_is_named() -> None:
    templates = Templates(SOURCES)
    known = numbers(templates)
    assert known.keys() == {"file", "if .b", "not if .b", 'define "b"'}
    templates.reached = {known["file"], known["not if .b"]}
    files = {file.file: file for file in templates.coverage()}
    assert files["templates/a.yaml"].missed_branches == ("line 2: if .b",)
    assert files["templates/a.yaml"].missed_lines == (3, 5)
    assert files["templates/_b.tpl"].missed_branches == ('line 1: define "b"',)
    (lines, branches) = totals(list(files.values()))
    assert branches == (4, 2)
    assert lines == (6, 3)


def test_places_belong_to_the_innermost_block() -> None:
    templates = Templates(SOURCES)
    text = SOURCES["templates/a.yaml"]
    known = numbers(templates)
    assert templates.around("templates/a.yaml", 0) == known["file"]
    assert templates.around("templates/a.yaml", text.index("b: 2")) == known["if .b"]
    assert templates.around("templates/_b.tpl", 0) is None


def test_the_table_ends_with_everything(tmp_path: Path) -> None:
    templates = Templates(SOURCES)
    templates.reached = set(templates.blocks)
    files = templates.coverage()
    console = Console(width=120, record=True, file=(tmp_path / "out").open("w"))
    console.print(table(files))
    assert "100.0 %" in console.export_text()
    write(files, tmp_path / "folder" / "coverage.json")
    written = json.loads((tmp_path / "folder" / "coverage.json").read_text())
    assert [file["file"] for file in written] == sorted(SOURCES, key=list(SOURCES).index)


def test_nothing_is_no_share() -> None:
    assert share(0, 0) == "–"
    assert share(8, 1) == "12.5 %"
