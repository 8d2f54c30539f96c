"""A person sees that long work began, lives, and how it ended."""

from __future__ import annotations

import re
import threading

import pytest

from tools import console


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what was printed, without the clock that every line begins with."""
    printed = capsys.readouterr().out.splitlines()
    found = [re.fullmatch(r"\[\d+:\d\d\] (.*)", line) for line in printed]
    assert all(found)
    return [match.group(1) for match in found if match]


def test_a_step_tells_its_beginning_and_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    with console.step("building"):
        assert lines(capsys) == ["building …"]
    (end,) = lines(capsys)
    assert re.fullmatch(r"building: done in \d+\.\d s", end)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_step_that_is_cut_short_is_not_told_as_done(
    error: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(error), console.step("building"):
        raise error
    text = "\n".join(lines(capsys))
    assert "stopped after" in text
    assert "done" not in text


def test_long_work_shows_that_it_lives_and_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beat = threading.Event()
    said: list[str] = []

    def say(message: str) -> None:
        said.append(message)
        if "…" in message and "12 packages" in message:
            beat.set()

    monkeypatch.setattr(console, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(console, "say", say)
    with console.step("building") as current:
        current.detail = "(12 packages)"
        assert beat.wait(timeout=5)
    assert "done" in said[-1]


def test_complaints_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    console.complain("wrong")
    assert capsys.readouterr() == ("", "wrong\n")
