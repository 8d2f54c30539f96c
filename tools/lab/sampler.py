"""Values that a JSON schema allows, and values that it refuses, thousands of them in seconds.

hypothesis-jsonschema makes examples of every kind of leaf once; whole sets of values are put
together from those, so that each takes microseconds and can be shrunk by taking parts away.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path as FilePath
from typing import Any

import jsonschema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis_jsonschema import from_schema

from tools import cache as cached
from tools.lab.frozen import copied

Path = tuple[str, ...]
Schema = dict[str, Any]
# A change of one value: where, and to what.
Change = tuple[Path, Any]

EXAMPLES = 25
# Of each type, what is none of it. Null is left out: Helm takes it for "as if it were not there".
OTHER_TYPES: dict[str, tuple[Any, ...]] = {
    "string": (7, True, ["x"], {"x": 1}),
    "integer": ("7", 1.5, True, [1]),
    "boolean": ("true", 1, ["true"]),
    "object": ("x", 1, ["x"], True),
    "array": ("x", 1, {"x": 1}, True),
}


def _key(leaf: Schema) -> str:
    return json.dumps(leaf, sort_keys=True)


def set_at(values: dict[str, Any], path: Path, value: Any) -> None:
    """Put a value at a path, making the maps on the way."""
    for key in path[:-1]:
        inner = values.get(key)
        if not isinstance(inner, dict):
            inner = values[key] = {}
        values = inner
    values[path[-1]] = copied(value)


def changed(values: Mapping[str, Any], changes: list[Change]) -> dict[str, Any]:
    """Return a copy of values with some changed."""
    result: dict[str, Any] = copied(dict(values))
    for path, value in changes:
        set_at(result, path, value)
    return result


def dotted(path: Path) -> str:
    """Return a path as people write it."""
    return ".".join(path)


@dataclass
class Sampler:
    """Makes changes that a schema allows or refuses.

    `examples` replaces what would be made up at a path (dotted), where the schema says less than
    what reads it: a Kubernetes object of which the schema says only that it is one.
    """

    schema: Schema
    examples: Mapping[str, list[Any]] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        """Make the examples."""
        self._random = random.Random(self.seed)
        self.leaves = dict(self._leaves(self.schema, ()))
        made = self._made()
        self.pools = {
            path: self.examples.get(dotted(path), made[_key(leaf)])
            for path, leaf in self.leaves.items()
        }

    def changes(self, most: int) -> list[Change]:
        """Return up to so many changes that the schema allows, none within another."""
        wanted = self._random.randint(1, most)
        chosen: list[Change] = []
        for path in self._random.sample(sorted(self.pools), wanted):
            chosen.append((path, self._random.choice(self.pools[path])))
        return chosen

    def mistakes(self) -> Iterator[Change]:
        """Yield, for ever, one change that the schema refuses, at a place of its choice."""
        validators = {path: self._validator(leaf) for path, leaf in self.leaves.items()}
        groups = sorted(path for path, _ in self._groups(self.schema, ()))
        while True:
            if self._random.random() < 0.3:
                group = self._random.choice(groups)
                typo = f"{self._random.choice('abcxyz')}{self._random.randint(0, 999)}"
                yield (*group, typo), self._random.choice([1, "x", True, {}])
                continue
            path = self._random.choice(sorted(self.leaves))
            value = self._random.choice(self._suspects(self.leaves[path]))
            if not validators[path].is_valid(value):
                yield path, value

    def resolve(self, node: Schema) -> Schema:
        """Return a node with its reference followed."""
        while "$ref" in node:
            node = self.schema["definitions"][node["$ref"].rsplit("/", 1)[1]]
        return node

    def _leaves(self, node: Schema, path: Path) -> Iterator[tuple[Path, Schema]]:
        resolved = self.resolve(node)
        if self._is_group(resolved):
            required = resolved.get("required", [])
            for name, inner in resolved["properties"].items():
                # A group that may be absent comes as a whole, with all that it requires.
                if name in required or not self._is_group(self.resolve(inner)):
                    yield from self._leaves(inner, (*path, name))
                else:
                    yield (*path, name), inner
        else:
            yield path, node

    def _groups(self, node: Schema, path: Path) -> Iterator[tuple[Path, Schema]]:
        resolved = self.resolve(node)
        if self._is_group(resolved):
            if resolved.get("additionalProperties") is False:
                yield path, resolved
            for name in resolved.get("required", []):
                yield from self._groups(resolved["properties"][name], (*path, name))

    @staticmethod
    def _is_group(node: Schema) -> bool:
        return bool(node.get("properties")) and "patternProperties" not in node

    def _made(self) -> dict[str, list[Any]]:
        """Return the examples of every kind of leaf, from the cache if they were made before."""

        def make(folder: FilePath) -> None:
            leaves = {_key(leaf): leaf for leaf in self.leaves.values()}
            found = {key: self._make(leaf) for key, leaf in leaves.items()}
            (folder / "examples.json").write_text(json.dumps(found), encoding="utf-8")

        versions = [version("hypothesis"), version("hypothesis-jsonschema"), EXAMPLES]
        key = cached.digest(self.schema, versions, FilePath(__file__))
        file = cached.entry("schema-examples", key, make) / "examples.json"
        examples: dict[str, list[Any]] = json.loads(file.read_text(encoding="utf-8"))
        return examples

    def _make(self, leaf: Schema) -> list[Any]:
        # A copy: the library changes what it is given.
        whole = copy.deepcopy({**leaf, "definitions": self.schema.get("definitions", {})})
        found: dict[str, Any] = {}

        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(from_schema(whole))
        def collect(value: Any) -> None:
            if value is not None:
                found[json.dumps(value, sort_keys=True)] = value

        collect()
        return [found[key] for key in sorted(found)]

    def _validator(self, leaf: Schema) -> jsonschema.Draft7Validator:
        return jsonschema.Draft7Validator(
            {**leaf, "definitions": self.schema.get("definitions", {})}
        )

    def _suspects(self, leaf: Schema) -> list[Any]:
        """Return values near the limits of a leaf, and of other types."""
        node = self.resolve(leaf)
        types = node.get("type", [])
        suspects: list[Any] = ["", " ", "<your-value>", "ChangeMe", "x" * 300, "Ä b", -1, 0, 2.5]
        for kind in [types] if isinstance(types, str) else types:
            suspects += OTHER_TYPES.get(kind, ())
        for bound, beyond in (("minimum", -1), ("maximum", 1)):
            if bound in node:
                suspects.append(node[bound] + beyond)
        if "enum" in node:
            suspects += [f"{node['enum'][0]}x", str(node["enum"][0]).upper()]
        return suspects
