"""Small mistakes that a person could make in a chart: each must turn a test red."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tools.lab.template import OPENERS, actions, line_of

_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
# A different indentation is the same YAML, or none.
_NUMBER = re.compile(r"(?<!indent )(?<![\w.$\"-])\d+(?![\w.\"])")
# Steps that change how YAML is written, not what it says.
_HARMLESS = "(n?indent|trim|int|toString|toYaml|fromYaml)\\b"
_ENTRY = re.compile(r"^(\s*)- \S")
_LITERAL = re.compile(r"^(?P<head>\s*(?:- )?[\w./-]+: )(?P<value>[^\s{#\"'|>&*\[][^{#]*?)\s*$")


@dataclass(frozen=True)
class Mutant:
    """One mistake: what kind, in which file, at which place, and the file's new text."""

    kind: str
    file: str
    offset: int
    line: int
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        """Return the mistake as a diff of a line or two."""
        return f"{self.file}:{self.line} ({self.kind})\n  - {self.before}\n  + {self.after}"


def mutants(file: str, text: str) -> list[Mutant]:
    """Return every mutant of one of a chart's files: templates, values.yaml, or the schema."""
    found: Iterable[Change]
    if file.endswith(".json"):
        found = _of_schema(text)
    elif file.startswith("templates/"):
        found = [*_of_lines(text, template=True), *_of_actions(text)]
    else:
        found = _of_lines(text, template=False)
    seen: dict[str, Mutant] = {}
    for kind, start, end, after in found:
        mutated = text[:start] + after + text[end:]
        if mutated != text and mutated not in seen:
            seen[mutated] = _mutant(kind, file, text, start, end, mutated)
    return list(seen.values())


# The kind of a change, the stretch of the text that it replaces, and by what.
Change = tuple[str, int, int, str]


def _mutant(kind: str, file: str, text: str, start: int, end: int, mutated: str) -> Mutant:
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", max(end - 1, start))
    last = len(text) if last < 0 else last
    after = mutated[first : last + len(mutated) - len(text)]
    return Mutant(
        *(kind, file, start, line_of(text, start)),
        *(_shown(text[first:last]), _shown(after), mutated),
    )


def _shown(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    return " ⏎ ".join(lines[:4]) + (" …" if len(lines) > 4 else "")


def _of_lines(text: str, *, template: bool) -> Iterator[Change]:
    """Delete lines and list entries; change literals."""
    comments = [(a.start, a.end) for a in actions(text) if not a.keyword] if template else []
    lines = text.splitlines(keepends=True)
    offset = 0
    for index, line in enumerate(lines):
        begin, offset = offset, offset + len(line)
        stripped = line.strip()
        in_comment = any(start <= begin < end for start, end in comments)
        if not stripped or stripped.startswith(("#", "{{- /*", "{{/*")) or in_comment:
            continue
        alone = not template or not _controls(line)
        if alone and not _opens_more(lines, index):
            yield "line deleted", begin, offset, ""
        if entry := _ENTRY.match(line):
            length = _length_of_entry(lines, index, len(entry[1]))
            whole = "".join(lines[index : index + length])
            if length > 1 and (not template or _balanced(whole)):
                yield "list entry dropped", begin, begin + len(whole), ""
        if literal := _LITERAL.match(line.rstrip("\n")):
            value = literal["value"]
            start = begin + literal.start("value")
            yield "literal changed", start, start + len(value), _other(value)


def _controls(line: str) -> bool:
    """Tell whether a line holds actions that belong to those of other lines."""
    return any(a.keyword in (*OPENERS, "else", "end") for a in actions(line)) or (
        line.count("{{") != line.count("}}")
    )


def _balanced(text: str) -> bool:
    depth = 0
    for action in actions(text):
        depth += (action.keyword in OPENERS) - (action.keyword == "end")
        if depth < 0 or (action.keyword == "else" and depth == 0):
            return False
    return depth == 0 and text.count("{{") == text.count("}}")


def _opens_more(lines: list[str], index: int) -> bool:
    """Tell whether the next line is indented below this one, so that it cannot go alone."""
    line = lines[index]
    rest = next((other for other in lines[index + 1 :] if other.strip()), "")
    return line.rstrip().endswith(":") and _indent(rest) >= _indent(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _length_of_entry(lines: list[str], index: int, indent: int) -> int:
    length = 1
    for line in lines[index + 1 :]:
        if line.strip() and _indent(line) <= indent:
            break
        length += 1
    return length


def _other(value: str) -> str:
    """Return a different literal of the same kind."""
    if value in ("true", "false"):
        return "false" if value == "true" else "true"
    if value.isdigit():
        return str(int(value) + 1)
    return f"{value}x"


def _of_actions(text: str) -> Iterator[Change]:
    """Flip conditions, empty loops, change strings and numbers, drop function calls."""
    for action in actions(text):
        keyword, argument = action.keyword, action.argument
        if not keyword:
            continue
        begin = text.index(action.code, action.start)
        end = begin + len(action.code)
        if keyword == "if":
            yield "condition flipped", begin, end, f"if not ({argument})"
        elif keyword == "else" and argument.startswith("if "):
            yield "condition flipped", begin, end, f"else if not ({argument[3:]})"
        elif keyword == "with" and ":=" not in argument:
            yield "condition never met", begin, end, f"with and false ({argument})"
        elif keyword == "range":
            variables, assigned, _ = argument.rpartition(":=")
            head = f"{variables.strip()} := " if assigned else ""
            yield "loop emptied", begin, end, f"range {head}slice (list) 0 0"
        if keyword in ("define", "else", "end", "block"):
            continue
        for found in _STRING.finditer(action.code):
            place = begin + found.start(1)
            yield "string changed", place, place + len(found[1]), _other_string(found[1])
        for found in _NUMBER.finditer(_STRING.sub(lambda m: '"' * len(m[0]), action.code)):
            place = begin + found.start()
            yield "number changed", place, place + len(found[0]), str(int(found[0]) + 1)
        for found in re.finditer(rf"\s\| (?!{_HARMLESS})[^|]+", action.code):
            yield "step of a pipe dropped", begin + found.start(), begin + found.end(), ""
        for found in re.finditer(r"\.(?:api|web|db)\b", action.code):
            swap = {".api": ".web", ".web": ".api", ".db": ".api"}[found[0]]
            yield "name swapped", begin + found.start(), begin + found.end(), swap


def _other_string(content: str) -> str:
    swaps = {"api": "web", "web": "api", "db": "api", ",": ";"}
    return swaps.get(content, f"{content}x")


def _of_schema(text: str) -> Iterator[Change]:
    """Loosen the schema: each keyword taken away, each bound and pattern changed."""
    for found in re.finditer(
        r'"(?P<key>minimum|maximum|minLength|maxLength|minItems)": (?P<number>\d+)', text
    ):
        wider = int(found["number"]) + (-1 if found["key"].startswith("min") else 1)
        yield "bound widened", found.start("number"), found.end("number"), str(wider)
    for found in re.finditer(r'"additionalProperties": false', text):
        yield "opened", found.start(), found.end(), '"additionalProperties": true'
    for found in re.finditer(r'"pattern": (?P<pattern>"(?:\\.|[^"\\])*")', text):
        yield "pattern dropped", found.start("pattern"), found.end("pattern"), '""'
    for found in re.finditer(r'"type": "(?P<type>\w+)"', text):
        loose = json.dumps([found["type"], "null", "boolean", "number"])
        yield "type loosened", found.start(), found.end(), f'"type": {loose}'
    for listed in re.finditer(r'"(?:required|enum)": \[(?P<names>[^\]]*)\]', text):
        names: list[Any] = json.loads(f"[{listed['names']}]")
        for name in names:
            place = listed.start("names") - 1, listed.end("names") + 1
            if listed[0].startswith('"required"'):
                fewer = json.dumps([other for other in names if other != name])
                yield "no longer required", *place, fewer
            else:
                yield "one more allowed", *place, json.dumps([*names, f"{name}x"])
