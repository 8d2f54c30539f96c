"""The schema of the chart's values, written from values.yaml and from what that cannot say.

values.yaml gives every value's name, type and description; values.constraints.yaml adds ranges,
patterns and what has no default. `nox -s docs` writes `values.schema.json`, lint compares.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from tools import docs
from tools.errors import ToolError
from tools.paths import CHART

VALUES = CHART / "values.yaml"
CONSTRAINTS = CHART / "values.constraints.yaml"
TARGET = CHART / "values.schema.json"
WIDTH = 100
TYPES = {bool: "boolean", int: "integer", str: "string", dict: "object", list: "array"}


def written() -> str:
    """Return the schema as it must be in the file."""
    values = VALUES.read_text(encoding="utf-8")
    constraints = yaml.safe_load(CONSTRAINTS.read_text(encoding="utf-8"))
    return _printed(Schema(values, constraints).whole(), 0) + "\n"


def _printed(node: Any, indent: int) -> str:
    """Return JSON in which everything that fits is on one line."""
    flat = json.dumps(node, ensure_ascii=False)
    if not isinstance(node, dict | list) or len(flat) + indent <= WIDTH:
        return flat
    space = " " * (indent + 2)
    if isinstance(node, dict):
        heads = [f"{json.dumps(key)}: " for key in node]
        inner = [
            head + _printed(value, indent + 2 + (len(head) if isinstance(value, str) else 0))
            for head, value in zip(heads, node.values(), strict=True)
        ]
        opening, closing = "{", "}"
    else:
        inner = [_printed(value, indent + 2) for value in node]
        opening, closing = "[", "]"
    lines = ",\n".join(space + text for text in inner)
    return f"{opening}\n{lines}\n{' ' * indent}{closing}"


class Schema:
    """Puts the schema together.

    Raises:
        ToolError: a constraint applies to nothing, or a default says nothing about a value.
    """

    def __init__(self, values: str, constraints: dict[str, Any]) -> None:
        """Take the text of values.yaml and the parsed constraints."""
        self._values = yaml.safe_load(values)
        self._constraints = constraints
        self._told = {value.path: value.description for value in docs.values(values)}
        self._unused = {*constraints["values"], *constraints["nullable"]}

    def whole(self) -> dict[str, Any]:
        """Return the schema of all values."""
        root = self._node("", self._values)
        root["properties"] = self._constraints["optional"] | root["properties"]
        if self._unused:
            raise ToolError(
                f"{CONSTRAINTS.name}: {', '.join(sorted(self._unused))} is the path of no value in "
                f"{VALUES.name}. Correct or remove it."
            )
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": f"Values of {CHART.name}",
            **root,
            "definitions": _references(self._constraints["definitions"]),
        }

    def _node(self, path: str, default: Any) -> dict[str, Any]:
        constraint = self._constraint(path)
        told = {"description": _plain(self._told[path])} if self._told.get(path) else {}
        if constraint is not None and constraint.get("use"):
            return {**_references(constraint), **told}
        node: dict[str, Any] = {"type": TYPES[type(default)]} if default is not None else {}
        if isinstance(default, dict) and default and "use" not in (constraint or {}):
            node |= {"additionalProperties": False} | self._group(path, default)
        elif constraint is None and not isinstance(default, bool | str):
            raise ToolError(
                f"{VALUES.name}: {path}: its default says too little. Add its range or its content "
                f"to {CONSTRAINTS.name}."
            )
        extra = {key: value for key, value in (constraint or {}).items() if key != "use"}
        node |= _references(extra)
        if "enum" in node:
            node.pop("type", None)
        if node.get("additionalProperties") is True:
            del node["additionalProperties"]
        return node | told

    def _group(self, path: str, default: dict[str, Any]) -> dict[str, Any]:
        below = {name: f"{path}.{name}".lstrip(".") for name in default}
        required = [name for name, inner in below.items() if not self._nullable(inner)]
        properties = {name: self._node(below[name], value) for name, value in default.items()}
        return {"required": required, "properties": properties}

    def _constraint(self, path: str) -> dict[str, Any] | None:
        """Return the first entry that matches a path."""
        for pattern, constraint in self._constraints["values"].items():
            if _matches(pattern, path):
                self._unused.discard(pattern)
                found: dict[str, Any] = constraint
                return found
        return None

    def _nullable(self, path: str) -> bool:
        found = [p for p in self._constraints["nullable"] if _matches(p, path)]
        self._unused -= set(found)
        return bool(found)


def _matches(pattern: str, path: str) -> bool:
    words = re.escape(pattern).replace(r"\*\*\.", r"(?:.+\.)?").replace(r"\*", r"[^.]*")
    return re.fullmatch(words, path) is not None


def _references(node: Any) -> Any:
    """Return a node with {use: NAME} written as JSON schema does."""
    if isinstance(node, list):
        return [_references(item) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("use"), str):
        return {"$ref": f"#/definitions/{node['use']}"}
    return {key: _references(value) for key, value in node.items()}


def _plain(text: str) -> str:
    return text.replace("<br>", "\n")
