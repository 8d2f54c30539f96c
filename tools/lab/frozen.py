"""Dictionaries and lists that many can share because none can change them."""

from __future__ import annotations

from typing import Any, Never, TypeVar

Item = TypeVar("Item")


def _refuse(*_: object, **__: object) -> Never:
    raise TypeError(
        "this is shared by all tests and cannot be changed; take a copy.deepcopy() of it"
    )


class FrozenDict(dict[str, Any]):
    """A dictionary that stays as it was made."""

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __copy__(self) -> dict[str, Any]:
        """Return a dictionary that can be changed."""
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        """Return a dictionary that can be changed, down to its leaves."""
        del memo
        return {key: copied(value) for key, value in self.items()}


class FrozenList(list[Item]):
    """A list that stays as it was made."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __copy__(self) -> list[Item]:
        """Return a list that can be changed."""
        return list(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Item]:
        """Return a list that can be changed, down to its leaves."""
        del memo
        return [copied(value) for value in self]


def copied(value: Any) -> Any:
    """Return a JSON value as one that can be changed; several times as fast as copy.deepcopy()."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [copied(inner) for inner in value]
    return value


def freeze(value: Any) -> Any:
    """Return a JSON value as one that cannot be changed."""
    if isinstance(value, dict):
        return FrozenDict({key: freeze(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return FrozenList(map(freeze, value))
    return value
