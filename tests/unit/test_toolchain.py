"""Tools come in the pinned version, or not at all."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from tests.unit.conftest import script
from tools import golang, toolchain
from tools.errors import ToolError
from tools.versions import Module, module, table

NAMES = [*table()["tools"], *table()["sources"]]


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_is_pinned(name: str) -> None:
    entry = module(name)
    assert entry.version.startswith("v")
    assert entry.sum.startswith("h1:")
    assert not entry.replace or entry.sums.read_text().strip()


def test_an_unknown_tool_is_named() -> None:
    with pytest.raises(ToolError, match="no entry for 'nothing'"):
        module("nothing")


@pytest.mark.parametrize("name", ["kube-router", "metrics-server", "traefik"])
def test_add_on_images_carry_the_version_they_are_built_from(name: str) -> None:
    assert table()["addons"][name].rsplit(":", 1)[-1] == module(name).version


@pytest.mark.parametrize(("reported", "taken"), [("v4.3.1", True), ("v4.3.10", False)])
def test_a_program_on_path_serves_only_in_the_pinned_version(
    reported: str, taken: bool, programs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    helm = script(programs / "helm", f"echo {reported}")
    pinned = dataclasses.replace(module("helm"), version="v4.3.1")
    monkeypatch.setattr(toolchain, "module", lambda _: pinned)
    monkeypatch.setattr(golang, "build", lambda _: tmp_path / "built")
    found = toolchain.tool.__wrapped__("helm")
    assert found == (helm if taken else tmp_path / "built" / "helm")


def test_content_that_differs_from_its_pin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps({"Sum": "h1:other", "Dir": "/nowhere"})
    monkeypatch.setattr(golang, "go", lambda: Path("go"))
    monkeypatch.setattr(golang, "run", lambda *_, **__: answer)
    entry = Module("x", "example.com/x", "v1.0.0", "h1:pinned")
    with pytest.raises(ToolError, match=r"h1:other.*h1:pinned"):
        golang.source(entry)
