"""The chart as users have it: of the last release, or, before the first one, as it first landed."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.errors import ToolError
from tools.paths import CHART, REPOSITORY
from tools.proc import run

NAME = str(CHART.relative_to(REPOSITORY))


@dataclass(frozen=True)
class Earlier:
    """A chart taken out of the history, with the values files of its day."""

    label: str
    chart: Path
    staging: Path

    def known(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those values whose component was there already: it refuses others."""
        defaults = yaml.safe_load((self.chart / "values.yaml").read_text(encoding="utf-8"))
        return {name: value for name, value in values.items() if name in defaults}


def take(folder: Path) -> Earlier:
    """Put the chart of the last release before this commit into a folder.

    Raises:
        ToolError: the history is not there, or not all of it.
    """
    if _git("rev-parse", "--is-shallow-repository").strip() == "true":
        raise ToolError(
            "This clone is shallow, so the chart to upgrade from is not in it. "
            "Fetch the rest: git fetch --unshallow --tags"
        )
    tags = _git("tag", "--merged", "HEAD^", "--list", "v[0-9]*", "--sort=-version:refname").split()
    # The first commit that has a chart has all of it: its templates came with it.
    added = ("log", "--diff-filter=A", "--reverse", "--format=%h", "--", f"{NAME}/Chart.yaml")
    label = tags[0] if tags else _git(*added).split()[0]
    archive = folder / "chart.tar"
    _git("archive", "--output", str(archive), label, NAME, "values")
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    return Earlier(label, folder / NAME, folder / "values" / "staging.yaml")


def _git(*arguments: str) -> str:
    return run(["git", "-C", REPOSITORY, *arguments])
