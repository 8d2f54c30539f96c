"""What a person may get wrong is told in one sentence, before any long work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.machine.programs import Programs
from tools import __main__ as command
from tools import lint, testbed, toolchain
from tools.errors import ToolError
from tools.paths import REPOSITORY

Tools = Callable[..., int]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tools]:
    """The command line, in this process."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["tools", *words])
        return command.main()

    yield run
    signal.signal(signal.SIGTERM, before)


def test_a_values_file_that_does_not_exist_is_named_before_any_work(
    tools: Tools, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testbed, "ensure", lambda: pytest.fail("half an hour of work"))
    try:
        code: object = tools("up", "--values", "values/stagin.yaml")
    except SystemExit as error:
        code = error.code
    assert code in (1, 2)
    assert "values/stagin.yaml" in capsys.readouterr().err


def test_a_machine_without_an_engine_is_told_so_without_a_traceback(
    tools: Tools,
    programs: Programs,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert tools("up") == 1
    captured = capsys.readouterr()
    (line,) = captured.err.split("\n\n")[-1].strip().splitlines()
    assert line.startswith("error: No container engine answers")
    assert captured.out == ""
    assert programs.calls() == []


@pytest.mark.usefixtures("programs")
def test_an_unknown_tool_to_lock_is_named(tools: Tools, capsys: pytest.CaptureFixture[str]) -> None:
    assert tools("lock", "helmm") == 1
    assert "no entry for 'helmm'" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_with_130_and_a_sentence(
    number: signal.Signals, programs: Programs, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    programs.add("docker", f"open({str(begun)!r}, 'w').close()\ntime.sleep(9)")
    with subprocess.Popen(
        [sys.executable, "-m", "tools", "down"],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        with begun.open():  # until `docker info` runs
            running.send_signal(number)
        _, error = running.communicate(timeout=5)
    assert running.returncode == 130
    assert error.strip() == "interrupted: run the same command again to go on from here"


# The reference of values is compared without a program (test_docs.py).
@pytest.mark.parametrize("name", sorted(lint.CHECKS.keys() - {"reference of values"}))
def test_each_check_fails_where_its_program_does(
    name: str, monkeypatch: pytest.MonkeyPatch, programs: Programs
) -> None:
    program = programs.add("program", "sys.exit('found something')")
    monkeypatch.setattr(toolchain, "tool", lambda _: program)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(ToolError, match="found something"):
        lint.CHECKS[name]()
