"""The reference of the chart's values, written from the comments of values.yaml.

values.yaml is the only place where a value is described; `nox -s docs` writes
`docs/values.md` of the chart from it (and the schema, see tools/schema.py), and
lint fails when they differ.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.console import say
from tools.paths import CHART

SOURCE = CHART / "values.yaml"
TARGET = CHART / "docs" / "values.md"
# A line of a list: indented, or a word and its explanation in columns.
OWN_LINE = re.compile(r" {2}|\S+ {2,}\S|$")
HEAD = """# Values

Written by `nox -s docs` from the comments in [values.yaml](../values.yaml); edit those.
"""


@dataclass(frozen=True)
class Value:
    """A value or a group of values: its path, its default as YAML (None: a group), what it does."""

    path: str
    default: str | None
    description: str


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Write what is written from other files: the values' reference and schema, annotations."""
    del arguments, flags
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
        say(f"wrote {path.relative_to(CHART.parent.parent)}")


def generated() -> dict[Path, str]:
    """Return the text of every file that is written from other files."""
    from tools import chart_metadata, schema

    return {
        TARGET: reference(SOURCE.read_text(encoding="utf-8")),
        schema.TARGET: schema.written(),
        chart_metadata.TARGET: chart_metadata.written(),
    }


def drift() -> str | None:
    """Return a sentence where a file is not what its sources say, or None."""
    for path, text in generated().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            return (
                f"{path.name} is not what its sources say: run `nox -s docs` and commit the result."
            )
    return None


def reference(text: str) -> str:
    """Return the reference as Markdown: one table a top-level value."""
    parts = [HEAD]
    for value in values(text):
        if "." not in value.path:
            parts.append(
                f"\n## {value.path}\n\n| value | default | what it does |\n|---|---|---|\n"
            )
        if value.default is None and not value.description:
            continue
        default = "" if value.default is None else f"`{_cell(value.default)}`"
        parts.append(f"| `{value.path}` | {default} | {_cell(value.description)} |\n")
    return "".join(parts)


def values(text: str) -> Iterator[Value]:
    """Yield every value of a values.yaml in its order, with the comment above it."""
    lines = text.splitlines()
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    yield from _walk(root, "", lines)


def _walk(node: yaml.MappingNode, prefix: str, lines: list[str]) -> Iterator[Value]:
    for key, value in node.value:
        path = f"{prefix}{key.value}"
        description = _comment(lines, key.start_mark.line)
        group = isinstance(value, yaml.MappingNode) and value.value and not value.flow_style
        yield Value(path, None if group else _default(value), description)
        if group:
            yield from _walk(value, f"{path}.", lines)


def _comment(lines: list[str], line: int) -> str:
    """Return the comment right above a line; lines that are indented in it stay lines."""
    indent = len(lines[line]) - len(lines[line].lstrip())
    found: list[str] = []
    while line and lines[line - 1].startswith(" " * indent + "#"):
        line -= 1
        found.insert(0, lines[line][indent + 1 :].removeprefix(" "))
    text = ""
    for words in found:
        separator = "<br>" if OWN_LINE.match(words) else " "
        text += (separator if text else "") + words.strip()
    own = lines[line + len(found)].partition("  # ")[2]
    return text or own


def _default(node: yaml.Node) -> str:
    """Return a default on one line, as JSON, which is YAML too."""
    loader = yaml.SafeLoader("")
    plain = loader.construct_object(node, deep=True)
    return json.dumps(plain, ensure_ascii=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
