"""Debian root filesystems, for images on machines where no registry answers."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from tools import apt
from tools.cache import digest, entry
from tools.console import step
from tools.errors import ToolError
from tools.proc import run

# Two images may be built at once.
_installing = Lock()
UNUSED = ("doc", "info", "locale", "man")


def root_filesystem(
    packages: Path, suite: str, *, variant: str = "essential", hooks: Sequence[Path] = ()
) -> Path:
    """Return the archive of a Debian root filesystem with the packages that a file lists.

    `hooks` are executables whose stem is mmdebstrap's name of the moment they
    run at (`essential`, `customize`); each gets the filesystem's folder.

    Raises:
        ToolError: mmdebstrap cannot be installed here, or fails.
    """
    names = packages.read_text().split()
    label = f"{packages.parent.name}-{packages.stem}"

    def make(folder: Path) -> None:
        _ensure_mmdebstrap()
        with step(f"Debian {suite} root filesystem for {label}"):
            run(
                [
                    *("mmdebstrap", f"--variant={variant}", f"--include={','.join(names)}"),
                    *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in UNUSED),
                    *(f'--{hook.stem}-hook={shlex.quote(str(hook))} "$1"' for hook in hooks),
                    "--aptopt=Acquire::Languages none",
                    "--customize-hook=rm -rf $1/var/lib/apt/lists $1/var/cache/apt $1/var/log/*",
                    *(suite, folder / "rootfs.tar"),
                ]
            )

    key = digest(names, variant, suite, UNUSED, *hooks)
    return entry("root-filesystems", f"{label}-{key}", make) / "rootfs.tar"


def _ensure_mmdebstrap() -> None:
    """Install the program that makes root filesystems, where that is ours to do."""
    with _installing:
        _install_mmdebstrap()


def _install_mmdebstrap() -> None:
    if shutil.which("mmdebstrap"):
        return
    if shutil.which("apt-get") is None:
        raise ToolError(
            "No container registry answers, and the fallback builds its images with mmdebstrap, "
            "which is not installed. Install it, or give this machine access to a registry."
        )
    with step("installing mmdebstrap"):
        apt.install("mmdebstrap")
