"""What is shared cannot be changed, and can be copied."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tools.lab.frozen import freeze

VALUE: dict[str, Any] = {"a": {"b": [1, {"c": 2}]}, "d": []}

CHANGES: dict[str, Callable[[Any], object]] = {
    "set": lambda v: v.__setitem__("x", 1),
    "set inside": lambda v: v["a"]["b"][1].__setitem__("c", 3),
    "delete": lambda v: v.__delitem__("a"),
    "update": lambda v: v.update(x=1),
    "merge": lambda v: v.__ior__({"x": 1}),
    "default": lambda v: v.setdefault("x", 1),
    "pop": lambda v: v.pop("a"),
    "popitem": lambda v: v.popitem(),
    "clear": lambda v: v.clear(),
    "append": lambda v: v["d"].append(1),
    "extend": lambda v: v["d"].extend([1]),
    "insert": lambda v: v["d"].insert(0, 1),
    "assign": lambda v: v["a"]["b"].__setitem__(0, 2),
    "remove": lambda v: v["a"]["b"].remove(1),
    "pop from list": lambda v: v["a"]["b"].pop(),
    "sort": lambda v: v["d"].sort(),
    "reverse": lambda v: v["d"].reverse(),
    "add": lambda v: v["d"].__iadd__([1]),
    "multiply": lambda v: v["d"].__imul__(2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_refused(change: str) -> None:
    frozen = freeze(VALUE)
    with pytest.raises(TypeError, match="take a copy"):
        CHANGES[change](frozen)
    assert frozen == VALUE


def test_it_is_what_it_was_made_of() -> None:
    frozen = freeze(VALUE)
    assert frozen == VALUE
    assert isinstance(frozen, dict)
    assert json.dumps(frozen) == json.dumps(VALUE)


def test_a_deep_copy_can_be_changed() -> None:
    frozen = freeze(VALUE)
    mine = copy.deepcopy(frozen)
    mine["a"]["b"][1]["c"] = 3
    mine["d"].append(1)
    assert frozen == VALUE
    shallow = copy.copy(frozen)
    shallow["x"] = 1
    assert "x" not in frozen
