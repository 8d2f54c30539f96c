"""Lint runs everything, tells every failure by its name, and fails as one."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import lint, toolchain
from tools.errors import ToolError
from tools.paths import CHART


def failing(message: str) -> Callable[[], None]:
    """Return a check that fails."""

    def check() -> None:
        raise ToolError(message)

    return check


def run_checks(monkeypatch: pytest.MonkeyPatch, checks: dict[str, Callable[[], None]]) -> None:
    monkeypatch.setattr(lint, "CHECKS", checks)
    monkeypatch.setattr(toolchain, "prepare", lambda _: None)
    lint.main(argparse.Namespace(), [])


def test_all_failures_are_told_at_once_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = {
        "first": failing("line 7 is too long"),
        "second": lambda: None,
        "third": failing("the chart has no icon"),
    }
    with pytest.raises(ToolError, match="lint found problems in: first, third") as caught:
        run_checks(monkeypatch, checks)
    assert "second" not in str(caught.value)
    told = capsys.readouterr()
    assert "first: line 7 is too long" in told.err
    assert "third: the chart has no icon" in told.err
    assert "second: ok" in told.out
    assert "first: ok" not in told.out


def test_a_failure_stops_no_other_check(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = threading.Event()
    with pytest.raises(ToolError):
        run_checks(monkeypatch, {"bad": failing("bad"), "later": ran.set})
    assert ran.is_set()


def test_where_nothing_is_wrong_lint_ends_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_checks(monkeypatch, {"one": lambda: None})
    told = capsys.readouterr()
    assert (told.err, "one: ok" in told.out) == ("", True)


def test_a_defect_of_a_check_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_checks(monkeypatch, {"broken": broken})


def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Record what the checks run, without running it."""
    found: list[list[str]] = []

    def run(command: list[str | Path], **_: object) -> str:
        found.append([str(word) for word in command])
        return ""

    monkeypatch.setattr(lint, "run", run)
    monkeypatch.setattr(toolchain, "tool", Path)
    return found


def test_both_helms_judge_every_values_file(monkeypatch: pytest.MonkeyPatch) -> None:
    found = calls(monkeypatch)
    lint.helm_lint()
    files = [*lint.VALUES.glob("*.yaml"), *(CHART / "ci").glob("*.yaml")]
    assert files
    for helm in ("helm", "helm3"):
        mine = [call for call in found if call[0] == helm]
        assert all("--strict" in call for call in mine)
        assert [str(file) for file in files if not any(str(file) in call for call in mine)] == []


def test_values_without_credentials_get_placeholders_after_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = calls(monkeypatch)
    lint.kube_score()
    (rendered,) = (call for call in found if str(lint.VALUES / "production.yaml") in call)
    own = rendered.index(str(lint.VALUES / "production.yaml"))
    assert own < rendered.index(str(lint.PLACEHOLDERS))


def test_a_finding_of_the_last_values_file_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    last = [str(path) for paths in lint.values_sets().values() for path in paths][-2]

    def run(command: list[str | Path], **_: object) -> str:
        if last in map(str, command):
            raise ToolError("refused")
        return ""

    monkeypatch.setattr(lint, "run", run)
    monkeypatch.setattr(toolchain, "tool", Path)
    with pytest.raises(ToolError, match="refused"):
        lint.helm_lint()


def test_every_check_is_explained() -> None:
    assert [name for name, check in lint.CHECKS.items() if not check.__doc__] == []
