"""Only modules that need sums of ours get them, and what versions.toml says of it is true."""

from __future__ import annotations

import re
import sys

import pytest

from tools import __main__ as command
from tools import golang
from tools.versions import FILE, Module


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modules that were locked."""
    found: list[str] = []

    def lock(module: Module) -> None:
        found.append(module.name)

    monkeypatch.setattr(golang, "lock", lock)
    return found


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["tools", *words])
    return command.main()


def test_without_a_name_all_that_need_it_are_locked_once(
    locked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(monkeypatch, "lock") == 0
    assert sorted(locked) == ["etcd", "kubernetes", "prometheus-operator"]


def test_a_named_tool_is_locked_alone(locked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "lock", "etcd") == 0
    assert locked == ["etcd"]


@pytest.mark.usefixtures("locked")
def test_the_command_that_versions_toml_tells_of_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = re.findall(r"`python -m tools ([^`]+)`", FILE.read_text())
    assert told
    values = {"NAME": "kubernetes", "[NAME]": "kubernetes", "VERSION": "v1.34.2"}
    for words in told:
        assert call(monkeypatch, *(values.get(word, word) for word in words.split())) == 0
