"""An image's name follows what went into it, and only that; it is built once, from that alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import images
from tools.engine import Engine
from tools.errors import ToolError


class Builder(Engine):
    """An engine that builds nothing, and remembers what it was given."""

    built: list[tuple[str, dict[str, str], set[str]]]
    calls: list[tuple[str, ...]]

    def build(self, context: Path, tag: str, **arguments: str) -> None:
        """Remember the build and the files of its context."""
        files = {str(p.relative_to(context)) for p in context.rglob("*") if p.is_file()}
        self.built.append((tag, arguments, files))

    def run(self, *arguments: str | Path, timeout: float | None = None) -> str:
        """Write the archive that `save` is asked for."""
        del timeout
        self.calls.append(tuple(map(str, arguments)))
        if arguments[0] == "save":
            Path(arguments[2]).write_text("archive")
        return ""


@pytest.fixture
def engine() -> Builder:
    """An engine without images."""
    made = Builder("docker")
    object.__setattr__(made, "built", [])
    object.__setattr__(made, "calls", [])
    return made


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of api in a git repository, with one tracked file."""
    folder = tmp_path / "images" / "api"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.js").write_text("1")
    (folder / ".gitignore").write_text("node_modules/\n")
    for name in ("api", "base", "service", "web"):
        (tmp_path / "images" / name).mkdir(exist_ok=True)
        (tmp_path / "images" / name / "Dockerfile").touch()
    (tmp_path / "images" / ".dockerignore").touch()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "add", "."], check=True)
    monkeypatch.setattr(images, "SOURCE", tmp_path / "images")
    monkeypatch.setattr(images, "_node", lambda _: "base:1")
    monkeypatch.setattr(images, "_node_build", lambda _: "build-base:1")
    return folder


@pytest.fixture
def tag(engine: Builder, source: Path) -> Callable[[], str]:
    """A function that returns the name that api gets."""
    del source

    def name() -> str:
        api, _ = images.build(engine, registry=True)
        return api.reference

    return name


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda api: (api / "src/main.js").write_text("2"), id="content"),
        pytest.param(lambda api: (api / "src/main.js").chmod(0o755), id="executable bit"),
        pytest.param(lambda api: (api / "src/main.js").rename(api / "src/m.js"), id="name"),
        pytest.param(lambda api: (api / "src/main.js").rename(api / "main.js"), id="folder"),
        pytest.param(lambda api: (api / "src/main.js").unlink(), id="removed"),
        pytest.param(lambda api: (api / "src/more.js").touch(), id="not yet added to git"),
        pytest.param(lambda api: (api.parent / "service/log.js").touch(), id="shared code"),
    ],
)
def test_what_goes_in_changes_the_name(
    change: Callable[[Path], object], tag: Callable[[], str], source: Path
) -> None:
    before = tag()
    change(source)
    assert tag() != before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: None, id="nothing"),
        pytest.param(lambda api: (api / "src/main.js").touch(), id="time"),
        pytest.param(lambda api: (api.parent / "web/page.js").touch(), id="another image"),
        pytest.param(lambda api: (api / "node_modules/x").mkdir(parents=True), id="a folder"),
    ],
)
def test_what_does_not_go_in_changes_nothing(
    change: Callable[[Path], object], tag: Callable[[], str], source: Path
) -> None:
    before = tag()
    change(source)
    assert tag() == before


def test_what_git_ignores_is_neither_in_the_name_nor_in_the_build(
    tag: Callable[[], str], source: Path, engine: Builder
) -> None:
    before = tag()
    (source / "node_modules").mkdir()
    (source / "node_modules" / "x.js").write_text("")
    assert tag() == before
    (source / "src" / "main.js").write_text("2")
    tag()
    contexts = [files for name, _, files in engine.built if "/api:" in name]
    own = {"api/.gitignore", "api/Dockerfile", "api/src/main.js"}
    assert contexts == [{*own, "service/Dockerfile", "Dockerfile", ".dockerignore"}] * 2


def workloads(engine: Engine, *, registry: bool) -> list[images.Image]:
    """Return api and web, where the database's images need no build."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_postgres", "_exporter", "_pooler"):
            patch.setattr(images, name, lambda _: images.Image("db", "x:1", Path(__file__)))
        return images.build(engine, registry=registry)[:2]


@pytest.mark.usefixtures("source")
def test_the_image_on_another_base_is_another_image(engine: Builder) -> None:
    pulled = {image.reference for image in workloads(engine, registry=True)}
    built = {image.reference for image in workloads(engine, registry=False)}
    assert not pulled & built
    given = {name: arguments for name, arguments, _ in engine.built}
    assert [given[name] for name in pulled] == [{}, {}]
    assert [given[name] for name in built] == [
        {"BASE": "base:1", "BUILD_BASE": "build-base:1"},
    ] * 2


def test_a_change_of_the_built_base_is_another_image_only_where_it_is_used(
    engine: Builder, source: Path
) -> None:
    def names(*, registry: bool) -> list[str]:
        return [image.reference for image in workloads(engine, registry=registry)]

    before = names(registry=False), names(registry=True)
    (source.parent / "base" / "packages.txt").write_text("nodejs")
    assert names(registry=True) == before[1]
    assert not set(names(registry=False)) & set(before[0])


def test_where_no_registry_answers_every_component_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def image(component: str) -> images.Image:
        return images.Image(component, f"{component}:1", Path(__file__))

    monkeypatch.setattr(images, "_workload", lambda _, name, __: image(name))
    monkeypatch.setattr(images, "_postgres", lambda _: image("db"))
    monkeypatch.setattr(images, "_exporter", lambda _: image("exporter"))
    monkeypatch.setattr(images, "_pooler", lambda _: image("pooler"))
    made = images.build(Engine("docker"), registry=False)
    assert [image.component for image in made] == ["api", "web", "db", "exporter", "pooler"]
    pulled = images.build(Engine("docker"), registry=True)
    assert [image.component for image in pulled] == ["api", "web"]


def test_an_image_is_built_and_saved_once(tag: Callable[[], str], engine: Builder) -> None:
    name = tag()
    assert tag() == name
    assert [built for built, *_ in engine.built if built == name] == [name]
    assert [call[3] for call in engine.calls if call[0] == "save"].count(name) == 1


def test_only_leftovers_of_our_own_builds_are_pruned(
    tag: Callable[[], str], engine: Builder
) -> None:
    tag()
    pruned = [call for call in engine.calls if "prune" in call]
    assert pruned
    for call in pruned:
        assert call[-2:] == ("--filter", f"label={images.STAGE_LABEL}")
        assert "--all" not in call


def test_a_build_that_fails_is_tried_again(
    tag: Callable[[], str], engine: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ToolError("npm could not be reached")

    with monkeypatch.context() as patch:
        patch.setattr(Builder, "build", fail)
        with pytest.raises(ToolError, match="npm could not be reached"):
            tag()
    tag()
    assert [name for name, *_ in engine.built if "/api:" in name]


def test_an_image_that_the_engine_holds_is_not_loaded_again(
    tmp_path: Path, engine: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = images.Image("api", "disney-ai-plus/api:1", tmp_path / "image.tar")
    for held in (True, False):
        monkeypatch.setattr(Builder, "has_image", lambda *_, held=held: held)
        image.load(engine)
    assert engine.calls == [("load", "--input", str(tmp_path / "image.tar"))]
