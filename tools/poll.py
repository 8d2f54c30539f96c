"""Wait for a condition that nothing lets one watch."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tools.errors import ToolError

INTERVAL_SECONDS = 0.25
Answer = TypeVar("Answer")


def until(
    check: Callable[[], Answer | None],
    *,
    seconds: float,
    what: str,
    every: float = INTERVAL_SECONDS,
) -> Answer:
    """Return the first true answer of `check`, asking `every` so many seconds.

    Raises:
        ToolError: there is none within `seconds`; the message names `what`.
    """
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise ToolError(f"Waited {seconds:.0f} s for {what} in vain.")
        time.sleep(every)
    return answer
