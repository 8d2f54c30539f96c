"""Run programs: output kept, failures told with the last lines that matter."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.errors import ToolError

TAIL_LINES = 25


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
    try:
        if on_line is None:
            done = subprocess.run(
                words,
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                timeout=timeout,
                check=False,
            )
            code, out, err = done.returncode, done.stdout, done.stderr
        else:
            code, out, err = _streamed(words, env, cwd, on_line)
    except FileNotFoundError as error:
        raise ToolError(f"{words[0]} is not installed or not on PATH.") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"`{_shown(words)}` gave no result within {timeout:.0f} s.") from error
    if code != 0:
        raise ToolError(f"`{_shown(words)}` failed with exit code {code}:\n{tail(err or out)}")
    return out


def succeeds(command: Sequence[str | Path], *, timeout: float | None = 30) -> bool:
    """Tell whether a program exists and exits with 0 within `timeout` seconds."""
    try:
        run(command, timeout=timeout)
    except ToolError:
        return False
    return True


def _streamed(
    words: list[str],
    env: Mapping[str, str] | None,
    cwd: Path | None,
    on_line: Callable[[str], None],
) -> tuple[int, str, str]:
    """Run with standard output and error merged, handing on each line."""
    lines: list[str] = []
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(env or {})},
        cwd=cwd,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            on_line(line.rstrip())
    return process.returncode, "".join(lines), ""


def _shown(words: list[str]) -> str:
    """Return the command for an error message, shortened."""
    text = " ".join(words)
    return text if len(text) <= 160 else text[:157] + "..."
