"""The command line turns errors into sentences and exit codes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools import __main__ as command
from tools import cluster, lint, release, status, testbed, toolchain
from tools.engine import Engine
from tools.errors import ToolError
from tools.testbed import TestBed


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command line with these words."""
    monkeypatch.setattr(sys, "argv", ["tools", *words])
    return command.main()


def test_an_error_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> TestBed:
        raise ToolError("The disk is full.")

    monkeypatch.setattr(testbed, "ensure", fail)
    assert call(monkeypatch, "up") == 1
    assert capsys.readouterr().err.strip() == "error: The disk is full."


def test_an_interrupt_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> TestBed:
        raise KeyboardInterrupt

    monkeypatch.setattr(testbed, "ensure", interrupt)
    assert call(monkeypatch, "up") == 130
    assert "run the same command again" in capsys.readouterr().err


def test_values_and_helm_flags_reach_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    bed = TestBed(cluster.Cluster(Engine("docker"), {}, False), [])
    given: dict[str, object] = {}
    monkeypatch.setattr(testbed, "ensure", lambda: bed)
    monkeypatch.setattr(testbed, "room", lambda _: {})
    monkeypatch.setattr(status, "show", lambda _: None)
    monkeypatch.setattr(release, "install", lambda *_, **options: given.update(options))
    assert call(monkeypatch, "up", "-f", "a.yaml", "--values", "b.yaml", "--set", "x=y") == 0
    assert given == {"values": [Path("a.yaml"), Path("b.yaml")], "flags": ["--set", "x=y"]}


def test_other_commands_take_no_unknown_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as caught:
        call(monkeypatch, "down", "--set", "x=y")
    assert caught.value.code == 2


def test_lint_reports_every_failure_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bad() -> None:
        raise ToolError("line 7 is wrong")

    monkeypatch.setattr(toolchain, "prepare", lambda _: None)
    monkeypatch.setattr(lint, "CHECKS", {"one": bad, "two": lambda: None, "three": bad})
    assert call(monkeypatch, "lint") == 1
    error = capsys.readouterr().err
    assert "one, three" in error
    assert error.count("line 7 is wrong") == 2
