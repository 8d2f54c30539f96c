"""Run programs: output kept, failures told with the last lines that matter."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

from tools.errors import ToolError
from tools.paths import cache_root

TAIL_LINES = 25
# How long an interrupted program may take to clean up. Helm writes down that its upgrade failed:
# more than 2 s on a busy machine, and killed before that it would leave the release locked.
END_SECONDS = 15
END_INTERVAL_SECONDS = 0.1
# What runs now, in whatever thread, and has not been told to end.
_running: set[subprocess.Popen[str]] = set()


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a text, without trailing blank ones."""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def run(
    command: Sequence[str | Path],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run a program and return its standard output.

    `env` adds to the environment; `on_line` sees each line of standard error as
    it comes (for progress).

    Raises:
        ToolError: the program is missing, fails, or exceeds `timeout` seconds.
    """
    words = [str(word) for word in command]
    if cwd is not None and not cwd.is_dir():
        raise ToolError(f"{words[0]} cannot run in {cwd}: there is no such folder.")
    expired = threading.Event()
    try:
        with subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if on_line is None else subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **(env or {})},
            cwd=cwd,
            process_group=0,
        ) as process:

            def expire() -> None:
                expired.set()
                _end(process, signal.SIGKILL)

            clock = threading.Timer(timeout or threading.TIMEOUT_MAX, expire)
            clock.daemon = True
            clock.start()
            _running.add(process)
            try:
                if on_line is None:
                    out, err = process.communicate(stdin)
                else:
                    out, err = _stream(process, on_line), ""
            except BaseException:
                _end(process, signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(END_SECONDS)
                _end(process, signal.SIGKILL)
                raise
            finally:
                _running.discard(process)
                clock.cancel()
    except FileNotFoundError as error:
        raise ToolError(f"{words[0]} is not installed or not on PATH.") from error
    except OSError as error:
        raise ToolError(f"{words[0]} cannot be run: {error.strerror}.") from error
    if expired.is_set():
        raise ToolError(f"`{_shown(words)}` gave no result within {timeout:.0f} s.")
    if process.returncode != 0:
        full = f"{disk_full()}\n" if "no space left on device" in (out + err).lower() else ""
        code = process.returncode
        raise ToolError(
            f"{full}`{_shown(words)}` failed with exit code {code}:\n{tail(err or out)}"
        )
    return out


def together(*work: Callable[[], Any]) -> list[Any]:
    """Do several things at once and return their results in order.

    When one fails the programs of the others are ended, those too that they start from then on, and
    its error is raised.
    """
    with ThreadPoolExecutor(len(work)) as pool:
        running = [pool.submit(each) for each in work]
        try:
            for done in as_completed(running):
                done.result()
        except BaseException:
            while wait(running, timeout=END_INTERVAL_SECONDS).not_done:
                end_all()  # again and again: what was between two programs starts the next one
            raise
    return [each.result() for each in running]


def end_all() -> None:
    """End every program that runs: a thread that waits for one would hold up an interrupt.

    Each is told once, so that it can clean up.
    """
    for process in list(_running):
        _running.discard(process)
        _end(process, signal.SIGTERM)


def disk_full() -> str:
    """Return what to do about a full disk."""
    return (
        "A disk is full. What was half made is removed; free some space (the caches are in "
        f"{cache_root()}, or where XDG_CACHE_HOME says) and run the same command again."
    )


def succeeds(command: Sequence[str | Path], *, timeout: float | None = 30) -> bool:
    """Tell whether a program exists and exits with 0 within `timeout` seconds."""
    try:
        run(command, timeout=timeout)
    except ToolError:
        return False
    return True


def _stream(process: subprocess.Popen[str], on_line: Callable[[str], None]) -> str:
    """Hand on each line of a program's output as it comes; return all of it."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        on_line(line.rstrip())
    return "".join(lines)


def _end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Signal a program and its children, which would else keep its output open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _shown(words: list[str]) -> str:
    """Return the command for an error message, shortened."""
    text = " ".join(words)
    return text if len(text) <= 160 else text[:157] + "..."
