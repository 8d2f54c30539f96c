"""An image's name follows what went into it, and only that."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import images
from tools.engine import Engine


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with an `api` folder, and builds that only name the image."""
    folder = tmp_path / "images" / "api"
    folder.mkdir(parents=True)
    (folder / "main.js").write_text("1")
    (folder / ".gitignore").write_text("node_modules/\n")
    (tmp_path / "images" / "base").mkdir()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.setattr(images, "SOURCE", tmp_path / "images")
    monkeypatch.setattr(
        images,
        "_image",
        lambda _, component, name, key, __: images.Image(component, f"{name}:{key}", tmp_path),
    )
    return folder


def tag(*, registry: bool = False) -> str:
    """Return the name that api would get."""
    bases = {} if registry else {"BASE": images._node, "BUILD_BASE": images._node_build}
    return images._workload(Engine("docker"), "api", bases).reference


def test_content_changes_the_tag(source: Path) -> None:
    before = tag()
    (source / "main.js").write_text("2")
    assert tag() != before


def test_a_new_file_changes_the_tag(source: Path) -> None:
    before = tag()
    (source / "other.js").write_text("")
    assert tag() != before


def test_what_git_ignores_does_not(source: Path) -> None:
    before = tag()
    (source / "node_modules").mkdir()
    (source / "node_modules" / "x.js").write_text("")
    assert tag() == before


def test_another_base_is_another_image(source: Path) -> None:
    assert tag(registry=True) != tag(registry=False)
    assert source.exists()
