"""Where a JSON schema of draft 7 accepts less than another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LOWER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
HIGHER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
# What cannot be compared: another one counts as stricter.
OPAQUE = (
    *("$ref", "pattern", "format", "const", "multipleOf", "not", "if", "then", "else"),
    *("allOf", "anyOf", "oneOf", "dependencies", "propertyNames", "contains", "uniqueItems"),
)
# Schemas by name, and the one of what is not named there.
NAMED = {
    "properties": "additionalProperties",
    "patternProperties": "additionalProperties",
    "definitions": "",
}
NESTED = ("items", "additionalProperties")


def stricter(old: Any, new: Any, path: str = "(root)") -> Iterator[str]:
    """Yield the paths where `new` refuses something that `old` accepts.

    `required` is not looked at: Helm checks values together with their defaults.
    """
    if old is False:
        return
    old, new = _object(old), _object(new)
    if old == new:
        return
    if _refuses(old, new):
        yield path
    for name, others in NAMED.items():
        for key in {**old.get(name, {}), **new.get(name, {})}:
            was, becomes = (each.get(name, {}).get(key, each.get(others)) for each in (old, new))
            yield from stricter(was, becomes, f"{path}.{key}")
    for name in NESTED:
        yield from stricter(old.get(name), new.get(name), f"{path}.{name}")


def _object(schema: Any) -> dict[str, Any]:
    """Return a schema as an object; `true` and an absent one accept all, `false` nothing."""
    if schema is False:
        return {"enum": []}
    return schema if isinstance(schema, dict) else {}


def _refuses(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether the keywords of one schema itself accept less."""
    return (
        any(_bound(new, word, 1) < _bound(old, word, 1) for word in LOWER)
        or any(_bound(new, word, -1) > _bound(old, word, -1) for word in HIGHER)
        or any(word in new and new[word] != old.get(word) for word in OPAQUE)
        or _fewer(old.get("enum"), new.get("enum"))
        or _fewer(_types(old), _types(new))
    )


def _bound(schema: dict[str, Any], word: str, sign: int) -> float:
    return float(schema.get(word, sign * float("inf")))


def _fewer(old: list[Any] | None, new: list[Any] | None) -> bool:
    """Tell whether a list of what is accepted (None: all) has lost something."""
    if new is None:
        return False
    return old is None or any(each not in new for each in old)


def _types(schema: dict[str, Any]) -> list[str] | None:
    found = schema.get("type")
    if found is None:
        return None
    names = [found] if isinstance(found, str) else found
    return [*names, "integer"] if "number" in names else names
