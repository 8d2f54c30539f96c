"""Values that a schema allows, and mistakes that it refuses."""

from __future__ import annotations

import itertools
from typing import Any

import jsonschema
import pytest

from tools.lab.sampler import Sampler, changed, dotted

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["port", "image"],
    "properties": {
        "port": {"$ref": "#/definitions/port"},
        "image": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"tag": {"type": "string", "pattern": "^[a-z]+$"}},
        },
        "mode": {"enum": ["a", "b"]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "affinity": {"type": "object"},
    },
    "definitions": {"port": {"type": "integer", "minimum": 1, "maximum": 65535}},
}
BASE = {"port": 80, "image": {"tag": "x"}}


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return Sampler(SCHEMA, {"affinity": [{"nodeAffinity": {}}]})


def test_leaves_are_what_can_be_set(sampler: Sampler) -> None:
    found = {dotted(path) for path in sampler.leaves}
    assert found == {"port", "image.tag", "mode", "labels", "affinity"}


def test_changes_are_valid_and_differ(sampler: Sampler) -> None:
    seen = set()
    for _ in range(200):
        values = changed(BASE, sampler.changes(3))
        jsonschema.validate(values, SCHEMA)
        seen.add(str(values))
    assert len(seen) > 100


def test_examples_stand_in_for_what_the_schema_leaves_open(sampler: Sampler) -> None:
    assert sampler.pools["affinity",] == [{"nodeAffinity": {}}]


def test_mistakes_are_refused(sampler: Sampler) -> None:
    validator = jsonschema.Draft7Validator(SCHEMA)
    found = list(itertools.islice(sampler.mistakes(), 300))
    assert all(not validator.is_valid(changed(BASE, [mistake])) for mistake in found)
    assert {dotted(path) for path, _ in found} >= {"port", "image.tag", "mode", "labels"}


def test_what_is_changed_is_a_copy(sampler: Sampler) -> None:
    del sampler
    values = changed(BASE, [(("image", "tag"), "y"), (("new", "map"), 1)])
    assert values == {"port": 80, "image": {"tag": "y"}, "new": {"map": 1}}
    assert BASE["image"] == {"tag": "x"}
