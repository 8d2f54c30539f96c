"""Write the pins that a version bump changes, for a maintainer to review as a diff."""

from __future__ import annotations

import argparse

from tools import golang
from tools.console import step
from tools.versions import module, table


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Write tools/sums/ for the Go modules that need it."""
    del flags
    names = [arguments.name] if arguments.name else list(table()["tools"])
    for name in names:
        if module(name).replace and "like" not in table()["tools"][name]:
            with step(f"pinning the modules of {name}"):
                golang.lock(module(name))
