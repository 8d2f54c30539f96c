"""The chart to upgrade from is the last release's, or the first there was; never a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import earlier
from tools.errors import ToolError
from tools.proc import run


def commit(repository: Path, version: str) -> None:
    """Commit a chart of a version."""
    for name in (f"{earlier.NAME}/Chart.yaml", "values/staging.yaml"):
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"version: {version}\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", version)


def git(repository: Path, *arguments: str) -> str:
    """Run git as somebody, whatever the machine's settings are."""
    somebody = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    return run(["git", "-C", repository, *somebody, *arguments])


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with three versions of a chart."""
    path = tmp_path / "repository"
    path.mkdir()
    git(path, "init", "--quiet")
    git(path, "commit", "--quiet", "--allow-empty", "--message", "no chart yet")
    for version in ("0.1.0", "0.9.0", "0.10.0"):
        commit(path, version)
    monkeypatch.setattr(earlier, "REPOSITORY", path)
    return path


def taken(folder: Path) -> str:
    """Return the version of the chart that is taken."""
    folder.mkdir()
    found = earlier.take(folder)
    assert found.staging.read_text() == (found.chart / "Chart.yaml").read_text()
    return found.staging.read_text().split()[1]


@pytest.mark.usefixtures("repository")
def test_before_the_first_release_it_is_the_first_chart(tmp_path: Path) -> None:
    assert taken(tmp_path / "taken") == "0.1.0"


def test_it_is_the_last_release_before_this_commit(repository: Path, tmp_path: Path) -> None:
    git(repository, "tag", "v0.1.0", "HEAD~2")
    git(repository, "tag", "v0.9.0", "HEAD~1")
    git(repository, "tag", "v0.10.0", "HEAD")
    assert taken(tmp_path / "at-the-release") == "0.9.0"
    commit(repository, "0.11.0")
    assert taken(tmp_path / "after-it") == "0.10.0"


def test_a_shallow_clone_is_told_what_to_fetch(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    run(["git", "clone", "--quiet", "--depth=1", repository.as_uri(), clone])
    monkeypatch.setattr(earlier, "REPOSITORY", clone)
    with pytest.raises(ToolError, match="git fetch --unshallow --tags"):
        earlier.take(tmp_path)
