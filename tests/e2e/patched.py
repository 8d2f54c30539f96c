"""The chart with other words in it, for the controls."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tools.paths import CHART


@contextmanager
def changed(changes: Mapping[str, Callable[[str], str]]) -> Iterator[Path]:
    """Yield a copy of the chart in which each file named is what its function makes of it."""
    with tempfile.TemporaryDirectory(prefix="chart-") as folder:
        copy = Path(shutil.copytree(CHART, Path(folder) / CHART.name))
        for name, change in changes.items():
            text = (copy / name).read_text(encoding="utf-8")
            (copy / name).write_text(change(text), encoding="utf-8")
        yield copy


def without(file: str, pattern: str) -> AbstractContextManager[Path]:
    """Yield a copy of the chart in which a file lacks the one text that a pattern matches.

    Raises:
        AssertionError: the file does not hold it exactly once.
    """

    def remove(text: str) -> str:
        rest, count = re.subn(pattern, "", text, flags=re.S)
        assert count == 1, f"{file} holds {pattern!r} {count} times, not once"
        return rest

    return changed({file: remove})
