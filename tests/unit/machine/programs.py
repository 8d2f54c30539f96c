"""Fake programs: the only ones on PATH, each writing down how it was called."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """#!{python} -IS
import os, sys, time
argv = sys.argv[1:]
stdin = sys.stdin.read() if "-" in argv else ""
with open({log!r}, "a") as log:
    call = {{"program": {name!r}, "argv": argv, "stdin": stdin, "env": dict(os.environ)}}
    log.write(repr(call) + "\\n")
{body}
"""


@dataclass(frozen=True)
class Call:
    """One call of a fake program."""

    program: str
    argv: list[str]
    stdin: str
    env: dict[str, str]

    def __str__(self) -> str:
        """Return the command line."""
        return " ".join([self.program, *self.argv])


class Programs:
    """A folder of fake programs, and the record of their calls."""

    def __init__(self, folder: Path) -> None:
        """Use an empty folder."""
        self.folder = folder
        self.log = folder / ".log"

    def add(self, name: str, body: str = "") -> Path:
        """Make a program: Python that may use `argv` and `stdin`."""
        path = self.folder / name
        path.write_text(
            SCRIPT.format(python=sys.executable, log=str(self.log), name=name, body=body)
        )
        path.chmod(0o755)
        return path

    def calls(self, program: str | None = None) -> list[Call]:
        """Return what was called, in order."""
        if not self.log.exists():
            return []
        found = [Call(**ast.literal_eval(line)) for line in self.log.read_text().splitlines()]
        return [call for call in found if program in (None, call.program)]
