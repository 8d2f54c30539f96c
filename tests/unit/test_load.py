"""k6 is started, watched and ended; what goes wrong is told in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.conftest import script
from tools import load, toolchain
from tools.errors import ToolError
from tools.poll import until

Fake = Callable[[str], Path]


@pytest.fixture
def k6(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Let a shell script be k6, and return a load script for it."""

    def fake(text: str) -> Path:
        program = script(tmp_path / "k6", f'trap "exit 105" INT\n{text}')
        monkeypatch.setattr(toolchain, "tool", lambda _: program)
        steady = tmp_path / "steady.js"
        steady.touch()
        return steady

    return fake


FOREVER = "while :; do sleep 0.1; done"


def test_k6_runs_the_script_with_what_it_needs_and_ends_with_the_block(
    k6: Fake, tmp_path: Path
) -> None:
    called = tmp_path / "called"
    steady = k6(
        f'echo "$* $RATE $K6_CSV_TIME_FORMAT" > {called}.part; mv {called}.part {called}\n{FOREVER}'
    )
    with load.running(steady, {"RATE": "40"}, tmp_path / "samples.csv") as running:
        until(called.exists, seconds=10, what="the program to start")
        running.check()
    words = called.read_text().split()
    assert words[0] == "run"
    assert words[-3:] == [str(steady), "40", "unix_micro"]
    assert f"--out=csv={tmp_path}/samples.csv" in words
    assert running.over


def test_a_block_that_fails_ends_the_load_and_keeps_its_error(k6: Fake, tmp_path: Path) -> None:
    steady = k6(FOREVER)
    with (
        pytest.raises(ZeroDivisionError),
        load.running(steady, {}, tmp_path / "samples.csv") as running,
    ):
        raise ZeroDivisionError
    assert running.over


def test_a_script_that_fails_is_told_with_what_k6_said(k6: Fake, tmp_path: Path) -> None:
    steady = k6('echo "running (0m01.0s)"; echo "no such function: nxt" >&2; exit 107')
    with (
        pytest.raises(ToolError, match=r"exit code 107 in steady.js:\nno such function: nxt$"),
        load.running(steady, {}, tmp_path / "samples.csv") as running,
    ):
        running.wait(10)


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("exit 0", r"steady.js was over before .* more time"),
        ("echo broken; exit 104", r"exit code 104 in steady.js:\nbroken$"),
    ],
)
def test_a_load_that_is_over_too_early_is_told(
    k6: Fake, tmp_path: Path, ending: str, told: str
) -> None:
    steady = k6(ending)
    with pytest.raises(ToolError, match=told), load.running(steady, {}, tmp_path / "x") as running:
        over_before(running)


def over_before(running: load.Load) -> None:
    until(lambda: running.over, seconds=10, what="the program to end")
    running.check()


def test_a_script_that_takes_too_long_is_told(k6: Fake, tmp_path: Path) -> None:
    with (
        pytest.raises(ToolError, match=r"not done with steady.js within 0 s"),
        load.running(k6(FOREVER), {}, tmp_path / "samples.csv") as running,
    ):
        running.wait(0.1)


def test_a_script_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ToolError, match=r"There is no load script .*absent\.js"),
        load.running(tmp_path / "absent.js", {}, tmp_path / "samples.csv"),
    ):
        pass


def test_progress_is_shown(k6: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with load.running(k6("exit 0"), {}, tmp_path / "samples.csv") as running:
        running.wait(10)
    assert "load of steady.js: done" in capsys.readouterr().out
