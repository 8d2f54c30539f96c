"""Containers for the tests: labelled, and removed with their volumes whatever happens."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tools.engine import Engine

LABEL = "disney-ai-plus.test=images"
COMMAND_SECONDS = 60.0
# The rights of every container of the chart.
RESTRICTED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")


@dataclass(frozen=True)
class Outcome:
    """What a program answered."""

    code: int
    output: str
    errors: str

    def __str__(self) -> str:
        """Return what an assertion should show."""
        return f"exit code {self.code}\n{self.output}\n{self.errors}"


def call(engine: Engine, *arguments: str, stdin: str | None = None) -> Outcome:
    """Run the engine's client, and return what it answered, failed or not."""
    done = subprocess.run(
        [engine.cli, *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_to_end(
    engine: Engine,
    image: str,
    *command: str,
    options: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a container with the chart's rights and no network, and return how it ended."""
    words = [f"--env={name}={value}" for name, value in (env or {}).items()]
    return call(
        engine,
        *("run", "--rm", f"--label={LABEL}", "--network=none", *RESTRICTED, *options, *words),
        *(image, *command),
    )


def configuration(engine: Engine, image: str) -> dict[str, Any]:
    """Return the configuration part of an image: its user, entry point, stop signal."""
    found: dict[str, Any] = json.loads(engine.run("image", "inspect", image))[0]
    return dict(found["Config"])


@contextmanager
def volume(engine: Engine) -> Iterator[str]:
    """Return the name of a new volume, removed at the end."""
    name = engine.run("volume", "create", f"--label={LABEL}").strip()
    try:
        yield name
    finally:
        engine.run("volume", "rm", "--force", name)


def wait_until(condition: Callable[[], bool], what: Callable[[], str], seconds: float) -> None:
    """Ask until the condition holds; fail with `what` was waited for at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what()}"
        time.sleep(0.05)
