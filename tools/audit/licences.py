"""Under which licence a package is, as its own files say."""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata
from pathlib import Path

from tools import golang
from tools.audit.inventory import GO, PYTHON, Package
from tools.proc import run

UNKNOWN = "(not told)"
ABSENT = "(not downloaded)"
FILES = re.compile(r"(licen[cs]e|copying)", re.IGNORECASE)
# What only the text of one licence says, in the order in which to look.
TEXTS = {
    "AGPL-3.0": "GNU AFFERO GENERAL PUBLIC LICENSE",
    "LGPL": "GNU LESSER GENERAL PUBLIC LICENSE",
    "GPL": "GNU GENERAL PUBLIC LICENSE",
    "MPL-2.0": "Mozilla Public License",
    "Apache-2.0": "Apache License",
    "MIT": "Permission is hereby granted, free of charge",
    "ISC": "Permission to use, copy, modify, and/or distribute",
    "BSD-3-Clause": "Neither the name",
    "BSD-2-Clause": "Redistributions in binary form",
    "Unlicense": "This is free and unencumbered software",
    "CC0-1.0": "CC0 1.0 Universal",
}


def of(package: Package) -> str:
    """Return a package's licence: an SPDX expression where it is known."""
    if package.ecosystem == PYTHON:
        return _python(package.name)
    if package.ecosystem == GO:
        return _go(package)
    return package.licence or UNKNOWN


def _python(name: str) -> str:
    """Return what the installed package says; this environment is made from the lock."""
    try:
        about = metadata.metadata(name).json
    except metadata.PackageNotFoundError:
        return ABSENT
    if expression := about.get("license_expression"):
        return str(expression)
    classified = [
        text.rpartition(" :: ")[2]
        for text in about.get("classifier", [])
        if text.startswith("License :: ")
    ]
    own = str(about.get("license", "")).partition("\n")[0]
    return " AND ".join(classified) or own or UNKNOWN


def _go(package: Package) -> str:
    """Return the licence whose text is in a module's folder, if that was ever downloaded."""
    escaped = re.sub(r"[A-Z]", lambda match: f"!{match.group().lower()}", package.name)
    folder = _modules() / f"{escaped}@{package.version}"
    if not folder.is_dir():
        return ABSENT
    for path in sorted(path for path in folder.iterdir() if FILES.match(path.name)):
        text = " ".join(path.read_text(encoding="utf-8", errors="replace").split())
        for licence, phrase in TEXTS.items():
            if phrase in text:
                return licence
    return UNKNOWN


@cache
def _modules() -> Path:
    return Path(run([golang.go(), "env", "GOMODCACHE"]).strip())
