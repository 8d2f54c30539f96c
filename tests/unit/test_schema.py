"""The schema is what values.yaml says, and what it cannot say; neither can be forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools import schema
from tools.errors import ToolError

VALUES = """\
# How many.
replicas: null
image:
  # Where it comes from.
  repository: app
  port: 80
debug: false
labels: {}
"""
CONSTRAINTS: dict[str, Any] = {
    "values": {
        "replicas": {"type": ["integer", "null"], "minimum": 1},
        "**.port": {"use": "port"},
        "labels": {"additionalProperties": {"type": "string"}},
        "*.repository": {"minLength": 1},
    },
    "optional": {"enabled": {"type": "boolean"}},
    "nullable": ["replicas"],
    "definitions": {"port": {"type": "integer", "minimum": 1}},
}


def made(**more: Any) -> dict[str, Any]:
    """Return the schema of the values, with some constraints more or instead."""
    constraints = {**CONSTRAINTS, "values": {**CONSTRAINTS["values"], **more}}
    return schema.Schema(VALUES, constraints).whole()


def test_names_types_and_descriptions_come_from_the_values() -> None:
    whole = made()
    assert whole["additionalProperties"] is False
    assert whole["required"] == ["image", "debug", "labels"]
    assert list(whole["properties"]) == ["enabled", "replicas", "image", "debug", "labels"]
    assert whole["properties"]["debug"] == {"type": "boolean"}
    assert whole["properties"]["image"] == {
        "type": "object",
        "additionalProperties": False,
        "required": ["repository", "port"],
        "properties": {
            "repository": {
                "type": "string",
                "minLength": 1,
                "description": "Where it comes from.",
            },
            "port": {"$ref": "#/definitions/port"},
        },
    }


def test_constraints_are_added() -> None:
    properties = made()["properties"]
    assert properties["replicas"] == {
        "type": ["integer", "null"],
        "minimum": 1,
        "description": "How many.",
    }
    assert properties["labels"] == {
        "type": "object",
        "additionalProperties": {"type": "string"},
    }


def test_a_map_can_be_left_open() -> None:
    image = made(image={"additionalProperties": True})["properties"]["image"]
    assert "additionalProperties" not in image
    assert image["properties"]["port"]


def test_an_enumeration_needs_no_type() -> None:
    image = made(**{"*.repository": {"enum": ["app"]}})["properties"]["image"]
    assert image["properties"]["repository"] == {
        "enum": ["app"],
        "description": "Where it comes from.",
    }


def test_a_constraint_of_nothing_is_an_error() -> None:
    with pytest.raises(ToolError, match=r"image\.tga is the path of no value"):
        made(**{"image.tga": {"minLength": 1}})


@pytest.mark.parametrize("forgotten", ["replicas", "**.port", "labels"])
def test_a_default_that_says_too_little_is_an_error(forgotten: str) -> None:
    fewer = {name: c for name, c in CONSTRAINTS["values"].items() if name != forgotten}
    with pytest.raises(ToolError, match="its default says too little"):
        schema.Schema(VALUES, {**CONSTRAINTS, "values": fewer}).whole()


def test_what_fits_is_on_one_line() -> None:
    text = schema.written()
    assert json.loads(text)["title"] == "Values of disney-ai-plus"
    assert '    "port": {"type": "integer", "minimum": 1, "maximum": 65535},\n' in text
