"""What git knows of a checkout; nothing of it depends on the user's configuration."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from tools.errors import ToolError
from tools.proc import run

# Line ends would otherwise follow the user's settings.
NEUTRAL = ("-c", "core.autocrlf=false", "-c", "core.eol=lf")


def head(repository: Path) -> str:
    """Return the commit that is checked out."""
    return _git(repository, "rev-parse", "HEAD").strip()


def changes(repository: Path) -> list[str]:
    """Return the files that are not as committed, untracked ones included."""
    return _git(repository, "status", "--porcelain", "--untracked-files=all").splitlines()


def last_change(repository: Path, folder: Path, revision: str = "HEAD") -> tuple[str, int]:
    """Return the commit that changed a folder last, and its time in seconds since the epoch.

    Raises:
        ToolError: the history is not all there, so that commit cannot be known.
    """
    if _git(repository, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise ToolError(
            f"{repository} is a shallow clone: which commit changed the chart last cannot be told. "
            "Run `git fetch --unshallow` (in GitHub Actions: `fetch-depth: 0`)."
        )
    answer = _git(repository, "log", "-1", "--format=%H %ct", revision, "--", str(folder))
    if not answer:
        raise ToolError(f"No commit of {repository} holds {folder}: commit it first.")
    commit, seconds = answer.split()
    return commit, int(seconds)


def release_tags(repository: Path, *, earlier: bool = False) -> list[str]:
    """Return the tags `vX.Y.Z` of what HEAD is made from, the newest version first.

    With `earlier`, without those of HEAD itself: a release is tagged before it is published, and
    what it changes is what it changes since the one before.
    """
    words = ("tag", "--list", "v[0-9]*", "--merged", "HEAD", "--sort=-version:refname")
    return _git(repository, *words, *(("--no-contains", "HEAD") if earlier else ())).split()


def export(repository: Path, folder: str, target: Path, revision: str = "HEAD") -> Path:
    """Write a folder as it is in a commit below `target`, and return where it is."""
    target.mkdir(parents=True, exist_ok=True)
    archive = target / "export.tar"
    _git(repository, "archive", "--format=tar", f"--output={archive}", revision, "--", folder)
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as tar:
        tar.extractall(target, filter="data")
    archive.unlink()
    return target / folder


def _git(repository: Path, *words: str) -> str:
    return run(["git", *NEUTRAL, *words], cwd=repository)
