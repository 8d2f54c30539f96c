"""Typed access to versions.toml, the one file that lists every version."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tools.errors import ToolError

FILE = Path(__file__).with_name("versions.toml")


@dataclass(frozen=True)
class Module:
    """A Go module at a version, pinned by its content hash (`h1:…`)."""

    name: str
    module: str
    version: str
    sum: str
    packages: tuple[str, ...] = ()
    stamp: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
    probe: tuple[str, ...] = ()
    crds: tuple[str, ...] = ()

    @property
    def sums(self) -> Path:
        """Return the go.sum lines that the module's own go.sum lacks, if it needs any."""
        return FILE.parent / "sums" / f"{self.module.replace('/', '_')}.sum"

    @property
    def programs(self) -> tuple[str, ...]:
        """Return the names of the programs that a build makes."""
        if len(self.packages) == 1:
            return (self.name,)
        return tuple(package.rsplit("/", 1)[-1] for package in self.packages)


@cache
def table() -> dict[str, Any]:
    """Return the parsed file."""
    return tomllib.loads(FILE.read_text())


def module(name: str) -> Module:
    """Return the entry of a tool, or of a source-only module.

    Raises:
        ToolError: there is no such entry.
    """
    entry = table()["tools"].get(name) or table()["sources"].get(name)
    if entry is None:
        raise ToolError(f"tools/versions.toml has no entry for {name!r}.")
    if "like" in entry:
        entry = {**table()["tools"][entry["like"]], **entry}
    return Module(
        name=name,
        module=entry["module"],
        version=entry["version"],
        sum=entry["sum"],
        packages=tuple(entry.get("packages", ())),
        stamp=tuple(entry.get("stamp", ())),
        flags=tuple(entry.get("flags", ())),
        tags=tuple(entry.get("tags", ())),
        replace=tuple(entry.get("replace", {}).items()),
        probe=tuple(entry.get("probe", ())),
        crds=tuple(entry.get("crds", ())),
    )


def with_crds() -> list[Module]:
    """Return the modules that define resources which the chart can use."""
    found = [module(name) for name in (*table()["tools"], *table()["sources"])]
    return [candidate for candidate in found if candidate.crds]
