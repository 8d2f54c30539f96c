"""Content-keyed cache entries that are complete or absent, never half made."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from tools.paths import cache_root


def digest(*parts: object) -> str:
    """Return a short hex digest of JSON-serialisable parts and of files' content.

    A `Path` part stands for the bytes below it: a file's content, or every file
    of a folder with its relative name and executable bit.
    """
    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            part.stat()  # a path that does not exist must not pass for an empty folder
            files = [part] if part.is_file() else sorted(p for p in part.rglob("*") if p.is_file())
            for file in files:
                executable = os.access(file, os.X_OK)
                sha.update(f"{file.relative_to(part.parent)}\0{executable}\0".encode())
                sha.update(hashlib.sha256(file.read_bytes()).digest())
        else:
            sha.update(json.dumps(part, sort_keys=True).encode())
        sha.update(b"\0")
    return sha.hexdigest()[:16]


def entry(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of a cache entry, calling `make` on an empty one if it is absent.

    The folder appears under its final name only when `make` has returned, so an
    interrupt leaves nothing that a later run could mistake for a result. A file
    lock lets concurrent callers wait for one maker.
    """
    home = cache_root() / kind
    final = home / key
    if final.is_dir():
        return final
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f".{key}.lock"):
        if final.is_dir():
            return final
        for leftover in home.glob(f".{key}.*/"):  # of a maker that was killed
            shutil.rmtree(leftover)
        scratch = Path(tempfile.mkdtemp(prefix=f".{key}.", dir=home))
        try:
            make(scratch)
            scratch.chmod(0o755)
            scratch.rename(final)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return final
