"""What a person sees while long work runs: one line a step, with elapsed time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

HEARTBEAT_SECONDS = 30.0

_started = time.monotonic()
_lock = threading.Lock()


def say(message: str) -> None:
    """Print one line with the time since the command began, `[m:ss]`."""
    elapsed = int(time.monotonic() - _started)
    with _lock:
        print(f"[{elapsed // 60}:{elapsed % 60:02d}] {message}", flush=True)


@dataclass
class Step:
    """A running piece of work; set `detail` to what the next heartbeat should add."""

    title: str
    detail: str = ""


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Say when a piece of work starts and ends, and that it lives in between.

    A heartbeat every 30 s tells long work from a hang in a CI log, where a
    spinner would only be noise.
    """
    current = Step(title)
    begun = time.monotonic()
    done = threading.Event()

    def heartbeat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            seconds = time.monotonic() - begun
            say(f"  … {title}: {seconds:.0f} s {current.detail}".rstrip())

    say(f"{title} …")
    thread = threading.Thread(target=heartbeat, daemon=True)
    thread.start()
    try:
        yield current
    except BaseException:
        say(f"{title}: stopped after {time.monotonic() - begun:.0f} s")
        raise
    finally:
        done.set()
        thread.join()
    say(f"{title}: done in {time.monotonic() - begun:.1f} s")


def complain(message: str) -> None:
    """Print what went wrong to standard error."""
    with _lock:
        print(message, file=sys.stderr, flush=True)
