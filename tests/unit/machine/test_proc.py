"""Programs are run with their output kept and their failures told."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.machine.programs import Programs
from tools import proc
from tools.errors import ToolError
from tools.poll import until
from tools.proc import TAIL_LINES, run, succeeds, tail


def test_output_is_returned_without_what_goes_to_standard_error(programs: Programs) -> None:
    programs.add("program", "print('out'); print('err', file=sys.stderr)")
    assert run(["program"]) == "out\n"


def test_standard_input_is_handed_on(programs: Programs) -> None:
    programs.add("program", "print(stdin.upper())")
    assert run(["program", "-"], stdin="text") == "TEXT\n"


def test_standard_input_is_empty_where_none_is_given(programs: Programs) -> None:
    programs.add("program", "print(repr(sys.stdin.read()))")
    assert run(["program"], timeout=5) == "''\n"


def test_env_adds_to_the_environment(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "kept")
    programs.add("program")
    run(["program"], env={"ADDED": "added"})
    (call,) = programs.calls()
    assert (call.env["KEPT"], call.env["ADDED"]) == ("kept", "added")


def test_arguments_reach_the_program_without_a_shell(programs: Programs, tmp_path: Path) -> None:
    programs.add("program")
    words = ["$HOME; touch x", "*", "a b", str(tmp_path / "path")]
    run(["program", *words[:-1], tmp_path / "path"])
    assert programs.calls()[0].argv == words


@pytest.mark.parametrize("on_line", [None, print])
@pytest.mark.usefixtures("programs")
def test_a_missing_program_is_named(on_line: None) -> None:
    with pytest.raises(ToolError, match=r"^absent is not installed or not on PATH\.$"):
        run(["absent", "--flag"], on_line=on_line)


def test_a_missing_folder_is_not_told_as_a_missing_program(
    programs: Programs, tmp_path: Path
) -> None:
    programs.add("program")
    with pytest.raises((ToolError, FileNotFoundError)) as caught:
        run(["program"], cwd=tmp_path / "nowhere")
    assert "nowhere" in str(caught.value)


def test_a_program_that_may_not_be_run_is_told_in_a_sentence(programs: Programs) -> None:
    (programs.folder / "program").write_text("#!/nowhere/interpreter\n")
    (programs.folder / "program").chmod(0o644)
    with pytest.raises(ToolError, match="program"):
        run([programs.folder / "program"])


@pytest.mark.parametrize("on_line", [None, lambda _line: None])
def test_a_failure_tells_command_code_and_last_lines(programs: Programs, on_line: None) -> None:
    programs.add(
        "program",
        "for n in range(100): print(f'line {n}', file=sys.stderr)\nsys.exit(7)",
    )
    with pytest.raises(ToolError) as caught:
        run(["program", "--flag"], on_line=on_line)
    message = str(caught.value).splitlines()
    assert message[0] == "`program --flag` failed with exit code 7:"
    assert message[1:] == [f"line {n}" for n in range(100 - TAIL_LINES, 100)]


def test_a_failure_that_says_nothing_on_standard_error_tells_its_output(
    programs: Programs,
) -> None:
    programs.add("program", "print('what went wrong'); sys.exit(1)")
    with pytest.raises(ToolError, match="what went wrong"):
        run(["program"])


def test_a_long_command_is_shortened_in_a_failure(programs: Programs) -> None:
    programs.add("program", "sys.exit(1)")
    with pytest.raises(ToolError) as caught:
        run(["program", "x" * 1000])
    assert len(str(caught.value)) < 250


def test_output_that_is_no_utf8_does_not_hide_a_failure(programs: Programs) -> None:
    programs.add("program", "sys.stderr.buffer.write(b'caf\\xe9'); sys.exit(3)")
    with pytest.raises(ToolError, match="exit code 3"):
        run(["program"])


@pytest.mark.parametrize("on_line", [None, lambda _line: None], ids=["kept", "streamed"])
def test_a_program_that_takes_too_long_is_ended_and_told(
    programs: Programs, tmp_path: Path, on_line: None
) -> None:
    pid = tmp_path / "pid"
    programs.add("program", f"open({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(2)")
    begun = time.monotonic()
    with pytest.raises(ToolError, match=r"^`program` gave no result within"):
        run(["program"], timeout=0.4, on_line=on_line)
    assert time.monotonic() - begun < 1.5
    assert not Path(f"/proc/{pid.read_text()}").exists()


@pytest.mark.parametrize("on_line", [None, lambda _line: None], ids=["kept", "streamed"])
def test_a_child_that_keeps_the_output_open_does_not_outlast_the_timeout(
    programs: Programs, on_line: None
) -> None:
    programs.add("program", "os.fork()\ntime.sleep(2)")
    begun = time.monotonic()
    with pytest.raises(ToolError, match="gave no result"):
        run(["program"], timeout=0.3, on_line=on_line)
    assert time.monotonic() - begun < 1.5


def test_lines_are_handed_on_as_they_come(programs: Programs, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    # The program goes on only when its first line has been seen.
    programs.add(
        "program",
        "print('first', flush=True)\n"
        "deadline = time.monotonic() + 5\n"
        f"while not os.path.exists({str(seen)!r}):\n"
        "    if time.monotonic() > deadline: sys.exit('nobody saw the first line')\n"
        "    time.sleep(0.01)\n"
        "print('second', file=sys.stderr)",
    )
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        seen.touch()

    run(["program"], on_line=on_line)
    assert lines == ["first", "second"]


def test_an_interrupt_while_lines_are_streamed_ends_the_program(
    programs: Programs, tmp_path: Path
) -> None:
    """A build that is stopped by SIGTERM must not go on writing into a folder that is gone."""
    pid = tmp_path / "pid"
    programs.add(
        "program",
        f"open({str(pid)!r}, 'w').write(str(os.getpid()))\nprint('line', flush=True)\n"
        "time.sleep(5)",
    )

    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["program"], on_line=interrupt)
    process = Path(f"/proc/{pid.read_text()}")
    alive = process.exists() and "Z" not in (process / "stat").read_text().split(")")[-1]
    if alive:
        os.kill(int(pid.read_text()), 9)
    assert not alive


def test_an_interrupt_ends_a_program_that_does_not_end_by_itself(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proc, "END_SECONDS", 0.2)
    pid = tmp_path / "pid"
    programs.add(
        "program",
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(pid)!r}, 'w').write(str(os.getpid()))\nprint('line', flush=True)\n"
        "time.sleep(5)",
    )

    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["program"], on_line=interrupt)
    process = Path(f"/proc/{pid.read_text()}")
    alive = process.exists() and "Z" not in (process / "stat").read_text().split(")")[-1]
    if alive:
        os.kill(int(pid.read_text()), 9)
    assert not alive


def test_an_interrupt_leaves_a_program_the_time_to_clean_up(
    programs: Programs, tmp_path: Path
) -> None:
    """Helm takes more than 2 s to unlock its release where the machine is busy."""
    cleaned = tmp_path / "cleaned"
    programs.add(
        "program",
        "import signal\n"
        f"def clean(*_):\n    time.sleep(2.5)\n    open({str(cleaned)!r}, 'w')\n    sys.exit(1)\n"
        "signal.signal(signal.SIGTERM, clean)\nprint('line', flush=True)\ntime.sleep(30)",
    )

    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["program"], on_line=interrupt)
    assert cleaned.exists()


@pytest.mark.parametrize(
    ("body", "expected"),
    [("", True), ("sys.exit(1)", False), ("time.sleep(3)", False)],
)
def test_succeeds_tells_in_bounded_time(programs: Programs, body: str, expected: bool) -> None:
    programs.add("program", body)
    assert succeeds(["program"], timeout=0.4) is expected


@pytest.mark.usefixtures("programs")
def test_a_missing_program_does_not_succeed() -> None:
    assert not succeeds(["absent"])


def test_tail_drops_trailing_blank_lines() -> None:
    assert tail("a\nb\nc\n\n\n", 2) == "b\nc"


def test_programs_in_other_threads_can_be_ended_at_once() -> None:
    begun = time.monotonic()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(proc.run, ["sleep", "30"])
        until(lambda: bool(proc._running), seconds=5, what="the program to run")
        proc.end_all()
        with pytest.raises(ToolError, match="exit code -15"):
            waiting.result()
    assert time.monotonic() - begun < 10
    assert not proc._running
