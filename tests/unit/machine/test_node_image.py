"""The node image is named by what goes in, and built only where it is nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.machine.programs import Programs
from tools import node_image, versions
from tools.engine import Engine
from tools.errors import ToolError

DOCKER = """
held = {held!r}
if argv[:2] == ["image", "inspect"]:
    sys.exit(not os.path.exists(held))
if argv[0] in ("load", "build-it"):
    open(held, "w")
if argv[0] == "save":
    open(argv[argv.index("--output") + 1], "w").write("archive")
"""


@pytest.fixture
def held(programs: Programs, tmp_path: Path) -> Path:
    """The file that exists when the engine holds the image."""
    path = tmp_path / "held"
    programs.add("docker", DOCKER.format(held=str(path)))
    return path


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch, held: Path) -> list[str]:
    """What was built."""
    found: list[str] = []

    def build(_engine: Engine, name: str) -> None:
        found.append(name)
        held.touch()

    monkeypatch.setattr(node_image, "_build", build)
    return found


def test_an_image_that_the_engine_holds_is_used(
    held: Path, builds: list[str], programs: Programs
) -> None:
    held.touch()
    name = node_image.ensure(Engine("docker"))
    assert name == node_image.reference()
    assert [call.argv for call in programs.calls()] == [["image", "inspect", name]]
    assert builds == []


def test_an_image_in_the_cache_is_loaded_into_an_engine_that_lost_it(
    held: Path, builds: list[str], programs: Programs
) -> None:
    name = node_image.ensure(Engine("docker"))
    assert builds == [name]
    held.unlink()
    assert node_image.ensure(Engine("docker")) == name
    assert builds == [name]
    assert programs.calls()[-1].argv[0] == "load"
    assert held.exists()


def test_a_build_that_fails_is_tried_again(
    held: Path, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_engine: Engine, _name: str) -> None:
        raise ToolError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(node_image, "_build", fail)
        with pytest.raises(ToolError, match="The disk is full"):
            node_image.ensure(Engine("docker"))
    assert not held.exists()
    assert builds == [node_image.ensure(Engine("docker"))]


@pytest.mark.parametrize("name", [*node_image.BUILDS, "kind"])
def test_another_version_of_a_part_is_another_image(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = node_image.reference()
    part = versions.table()["tools"][name]
    monkeypatch.setitem(part, "version", "v99.0.0")
    assert node_image.reference() != before


def test_another_add_on_image_is_another_node_image(monkeypatch: pytest.MonkeyPatch) -> None:
    before = node_image.reference()
    monkeypatch.setitem(versions.table()["addons"], "traefik", "docker.io/library/traefik:v99")
    assert node_image.reference() != before


@pytest.mark.parametrize("name", ["node-suite", "busybox"])
def test_another_base_is_another_node_image(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = node_image.reference()
    monkeypatch.setitem(versions.table()["images"], name, "another")
    assert node_image.reference() != before
