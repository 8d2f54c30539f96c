"""Install Debian packages, on machines where that is ours to do."""

from __future__ import annotations

from tools.proc import run


def install(*packages: str) -> None:
    """Install packages without their recommendations and without asking anything.

    Raises:
        ToolError: apt-get is missing or fails.
    """
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], env=quiet)
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=quiet)
