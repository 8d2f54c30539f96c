"""Programs that fail say so in a sentence, with the lines that matter."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.proc import run, succeeds, together


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ToolError, match="no-such-program is not installed"):
        run(["no-such-program"])


def test_a_failure_shows_the_code_and_the_last_lines() -> None:
    with pytest.raises(ToolError, match=r"(?s)exit code 3:.*line 99") as caught:
        run(["sh", "-c", "seq -f 'line %g' 0 99 >&2; exit 3"])
    assert "line 50" not in str(caught.value)


def test_a_full_disk_is_named_before_what_failed_on_it() -> None:
    with pytest.raises(ToolError, match=r"(?s)^A disk is full\. .*failed with exit code"):
        run(["tee", "/dev/full"], stdin="word")


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(ToolError, match="no result within"):
        run(["sh", "-c", "read line < /dev/zero"], timeout=0.2)


def test_lines_are_handed_on_as_they_come() -> None:
    lines: list[str] = []
    run(["sh", "-c", "echo out; echo err >&2"], on_line=lines.append)
    assert sorted(lines) == ["err", "out"]


def test_standard_input_and_environment_reach_the_program(tmp_path: Path) -> None:
    out = run(
        ["sh", "-c", 'cat; printf %s "$NAME"; pwd'], stdin="in ", env={"NAME": "n "}, cwd=tmp_path
    )
    assert out == f"in n {tmp_path}\n"
    assert not succeeds(["false"])


def test_what_is_done_together_comes_back_in_order() -> None:
    meeting = threading.Barrier(2, timeout=10)  # breaks unless both are there at once
    assert together(lambda: (meeting.wait(), 1)[1], lambda: (meeting.wait(), 2)[1]) == [1, 2]


def test_a_failure_ends_the_programs_of_the_others() -> None:
    started = threading.Event()

    def long() -> None:
        run(["sh", "-c", "echo started; sleep 60"], on_line=lambda _: started.set())

    def failing() -> None:
        assert started.wait(10)
        raise ToolError("the disk is full")

    begun = time.monotonic()
    with pytest.raises(ToolError, match="the disk is full"):
        together(long, failing)
    assert time.monotonic() - begun < 10
