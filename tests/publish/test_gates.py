"""Nothing is released that is not committed, written down, and tested whole, on that commit."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.publish.repository import CHART_FOLDER, Checkout
from tools.errors import ToolError
from tools.paths import REPOSITORY
from tools.proc import run
from tools.publish import gates, git
from tools.publish.gates import SESSIONS


@pytest.fixture
def ready(tmp_path: Path) -> Checkout:
    """A repository that may be released, as far as it is concerned."""
    checkout = Checkout.new(tmp_path / "repository")
    checkout.version("0.1.1")
    checkout.commit("Release")
    return checkout


@pytest.fixture
def reports(ready: Checkout, tmp_path: Path) -> Path:
    """The reports of sessions that all passed."""
    folder = tmp_path / "report"
    folder.mkdir()
    write_reports(ready, folder)
    return folder


def write_reports(ready: Checkout, folder: Path) -> None:
    """Write that all sessions have passed for the commit that is checked out."""
    commit = ready.git("rev-parse", "HEAD").strip()
    for session in SESSIONS:
        (folder / f"{session}.xml").write_text(report(commit))


def report(commit: str, whole: bool = True, tests: int = 3, **bad: int) -> str:
    """Return a JUnit file with the facts that tests/conftest.py writes."""
    counts = {"errors": 0, "failures": 0, "skipped": 0, **bad, "tests": tests}
    words = " ".join(f'{name}="{count}"' for name, count in counts.items())
    facts = {"commit": commit, "whole": json.dumps(whole)}
    lines = "".join(f'<property name="{key}" value="{it}"/>' for key, it in facts.items())
    return (
        f"<testsuites><testsuite {words}><properties>{lines}</properties></testsuite></testsuites>"
    )


@pytest.mark.row("B23")
def test_what_is_ready_may_be_released(ready: Checkout, reports: Path) -> None:
    gates.check(ready.path, reports)


def test_a_file_that_is_not_committed_stops_it(ready: Checkout, reports: Path) -> None:
    (ready.path / "new.txt").write_text("x")
    with pytest.raises(ToolError, match=r"1 files are not committed, new\.txt among them"):
        gates.check(ready.path, reports)


def test_a_version_nobody_wrote_about_stops_it(ready: Checkout) -> None:
    ready.edit("CHANGELOG.md", "## 0.1.1 - 2026-01-02", "## 9.9.9 - 2026-01-02")
    (problem,) = gates.unwritten(ready.path)
    assert problem.startswith("CHANGELOG.md has no entry for 0.1.1.")


def test_a_version_without_a_date_stops_it(ready: Checkout) -> None:
    ready.edit("CHANGELOG.md", "## 0.1.1 - 2026-01-02", "## 0.1.1 (unreleased)")
    (problem,) = gates.unwritten(ready.path)
    assert problem == "CHANGELOG.md calls 0.1.1 unreleased: write `## 0.1.1 - DATE`."


@pytest.mark.parametrize("tagged", [False, True], ids=["before its tag", "on its tag"])
@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        ("values.yaml", "poolSize: 10", "poolSize: 9", "the default of api.poolSize is 9, was 10"),
        ("Chart.yaml", "\ntype: application", "", "Needs a version bump"),
    ],
)
def test_a_version_that_does_not_say_what_changed_stops_it(
    file: str, before: str, after: str, words: str, tagged: bool, ready: Checkout, reports: Path
) -> None:
    """A tag on the commit itself is the release to come, not the last one."""
    ready.git("tag", "v0.1.1")
    ready.edit(str(CHART_FOLDER / file), before, after)
    ready.commit("Change something")
    if tagged:
        ready.git("tag", "v0.1.2")
    write_reports(ready, reports)
    with pytest.raises(ToolError) as told:
        gates.check(ready.path, reports)
    assert str(told.value).count("\n- ") == 1
    assert words in str(told.value)


def test_every_session_that_reports_has_to_pass() -> None:
    sessions = re.findall(r'\breport\("(\w+)"\)', (REPOSITORY / "noxfile.py").read_text())
    assert sorted(SESSIONS) == sorted(sessions)


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_that_never_ran_stops_it(session: str, ready: Checkout, reports: Path) -> None:
    (reports / f"{session}.xml").unlink()
    (problem,) = gates.untested(ready.path, reports)
    assert f"The tests of `{session}` have not run. Run `nox -s {session}`" in problem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (report("0" * 40), f"ran last on {'0' * 40}"),
        (report("COMMIT with changes"), "ran last on COMMIT with changes"),
        (report("COMMIT", whole=False), "Only some tests of `e2e` ran last"),
        (report("COMMIT", failures=1), "did not all pass (1 failures, 0 errors, 0 skipped)"),
        (report("COMMIT", errors=1), "did not all pass"),
        (report("COMMIT", skipped=1), "did not all pass"),
        (report("COMMIT", tests=0), "did not all pass"),
    ],
)
def test_results_that_prove_nothing_stop_it(
    content: str, words: str, ready: Checkout, reports: Path
) -> None:
    commit = ready.git("rev-parse", "HEAD").strip()
    (reports / "e2e.xml").write_text(content.replace("COMMIT", commit))
    (problem,) = gates.untested(ready.path, reports)
    assert words.replace("COMMIT", commit) in problem


def test_everything_that_stands_in_the_way_is_told_at_once(ready: Checkout, reports: Path) -> None:
    (reports / "unit.xml").unlink()
    ready.edit("CHANGELOG.md", "## 0.1.1 - 2026-01-02", "## 0.1.1 (unreleased)")
    with pytest.raises(ToolError) as told:
        gates.check(ready.path, reports)
    assert str(told.value).count("\n- ") == 3


def test_a_run_of_pytest_writes_what_the_gates_read(tmp_path: Path) -> None:
    report = tmp_path / "unit.xml"
    test = "tests/publish/test_gates.py::test_a_version_without_a_date_stops_it"
    command = [sys.executable, "-m", "pytest", test, "--whole", f"--junitxml={report}"]
    run(command, cwd=REPOSITORY)
    pending = " with changes" if git.changes(REPOSITORY) else ""
    commit = git.head(REPOSITORY) + pending
    assert gates._problem(report, "unit", commit) is None
