"""Find the programs that everything else calls: PATH, else cache, else build."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from tools import golang
from tools.errors import ToolError
from tools.proc import run
from tools.versions import module


@cache
def tool(name: str) -> Path:
    """Return the path of a tool in the version that versions.toml pins.

    A program on PATH serves where it reports exactly that version; else the
    cached build does; else it is built.
    """
    pinned = module(name)
    found = shutil.which(name)
    if found is not None and pinned.probe and _reports(found, pinned.probe, pinned.version):
        return Path(found)
    return golang.build(pinned) / name


def prepare(names: Iterable[str]) -> None:
    """Find or build many tools, two at a time: linking uses one core only."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        for done in [pool.submit(tool, name) for name in names]:
            done.result()


def path_with(*names: str) -> str:
    """Return PATH with the folders of some tools in front, for programs that call them by name."""
    return os.pathsep.join([*(str(tool(name).parent) for name in names), os.environ["PATH"]])


def _reports(program: str, probe: tuple[str, ...], version: str) -> bool:
    try:
        words = run([program, *probe], timeout=20).replace(",", " ").split()
    except ToolError:
        return False
    return any(word.lstrip("v") == version.lstrip("v") for word in words)
