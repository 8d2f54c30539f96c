"""What must be true before a release is pushed: all of it is checked, all that is not is told."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import yaml

from tools import changelog
from tools.errors import ToolError
from tools.paths import CHART, REPORT, REPOSITORY
from tools.publish import bump, git

# The sessions whose tests must have passed, each of them whole, for the commit that is released.
SESSIONS = ("unit", "template", "lab", "images", "e2e")


def check(repository: Path = REPOSITORY, reports: Path = REPORT) -> None:
    """Check everything that does not need the registry.

    Raises:
        ToolError: one sentence for each thing that stands in the way.
    """
    wrong = [*unclean(repository), *unwritten(repository), *untested(repository, reports)]
    wrong += bump.too_small(repository) or bump.not_raised(repository)
    if wrong:
        raise ToolError("This cannot be released yet:\n" + "\n".join(f"- {it}" for it in wrong))


def unclean(repository: Path) -> list[str]:
    """Return a sentence if files are not as committed."""
    pending = git.changes(repository)
    if not pending:
        return []
    return [f"{len(pending)} files are not committed, {pending[0][3:]} among them: commit them."]


def unwritten(repository: Path) -> list[str]:
    """Return a sentence if the changelog does not say what this version changes, and when."""
    chart = yaml.safe_load((repository / CHART.relative_to(REPOSITORY) / "Chart.yaml").read_text())
    version = chart["version"]
    try:
        entry = changelog.entry(version, repository / changelog.FILE.name)
    except ToolError as error:
        return [str(error)]
    if entry.date is None:
        return [f"{changelog.FILE.name} calls {version} unreleased: write `## {version} - DATE`."]
    return []


def untested(repository: Path, reports: Path) -> list[str]:
    """Return a sentence for each session whose tests did not all pass for this commit."""
    commit = git.head(repository)
    return [
        f"{problem} Run `nox -s {session}` on {commit[:12]}."
        for session in SESSIONS
        if (problem := _problem(reports / f"{session}.xml", session, commit))
    ]


def _problem(report: Path, session: str, commit: str) -> str | None:
    """Return what is wrong with the report of a session; see `tests/conftest.py` for its facts."""
    if not report.exists():
        return f"The tests of `{session}` have not run."
    suite = ElementTree.parse(report).find("testsuite")  # noqa: S314 (our own file)
    assert suite is not None
    facts = {item.get("name"): item.get("value") for item in suite.iterfind("properties/property")}
    if facts.get("commit") != commit:
        return f"The tests of `{session}` ran last on {facts.get('commit', 'an unknown commit')}."
    if facts.get("whole") != json.dumps(True):
        return f"Only some tests of `{session}` ran last."
    bad = {kind: int(suite.get(kind, 0)) for kind in ("failures", "errors", "skipped")}
    if any(bad.values()) or not int(suite.get("tests", 0)):
        counts = ", ".join(f"{count} {kind}" for kind, count in bad.items())
        return f"The tests of `{session}` did not all pass ({counts})."
    return None
