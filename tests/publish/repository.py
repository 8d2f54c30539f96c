"""A repository of a test's own that holds the chart, in any version and with any change."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.images import copy_tree, tracked
from tools.paths import CHART, REPOSITORY
from tools.proc import run

CHART_FOLDER = CHART.relative_to(REPOSITORY)
AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A"), ("EMAIL", "a@example.org"))
}
# What is committed at no stated time would differ from test to test.
TIME = "2026-01-02T03:04:05+0000"


@dataclass(frozen=True)
class Checkout:
    """A git repository with the chart and its changelog in it."""

    path: Path

    @classmethod
    def new(cls, path: Path) -> Checkout:
        """Make one that holds the chart as it is in the working tree now."""
        path.mkdir(parents=True)
        copy_tree(tracked(CHART), REPOSITORY, path)
        copy_tree([REPOSITORY / "CHANGELOG.md", REPOSITORY / "ct.yaml"], REPOSITORY, path)
        found = cls(path)
        found.git("init", "--quiet", "--initial-branch=main")
        found.commit("The chart")
        return found

    @property
    def chart(self) -> Path:
        """Return the chart's folder."""
        return self.path / CHART_FOLDER

    def git(self, *words: str, env: Mapping[str, str] | None = None) -> str:
        """Run git in it, whatever the user's own configuration is."""
        neutral = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **AUTHOR}
        return run(["git", *words], cwd=self.path, env={**neutral, **(env or {})})

    def commit(self, message: str, time: str = TIME) -> str:
        """Commit everything, and return the commit."""
        self.git("add", "--all")
        dates = {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}
        self.git("commit", "--quiet", "--allow-empty", "--message", message, env=dates)
        return self.git("rev-parse", "HEAD").strip()

    def edit(self, name: str, before: str, after: str) -> None:
        """Replace a text in a file; it must be there."""
        file = self.path / name
        text = file.read_text(encoding="utf-8")
        assert before in text, f"{name} does not hold {before!r}"
        file.write_text(text.replace(before, after), encoding="utf-8")

    def version(self, version: str, date: str = "2026-01-02") -> None:
        """Give the chart a version, and the changelog a dated entry for it."""
        file = self.chart / "Chart.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"^version: .*$", f"version: {version}", text, flags=re.M))
        log = self.path / "CHANGELOG.md"
        entry = f"## {version} - {date}\n\n### Changed\n\n- Something.\n\n## "
        log.write_text(log.read_text(encoding="utf-8").replace("## ", entry, 1), encoding="utf-8")
