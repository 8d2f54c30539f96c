"""What must not be in the repository."""

from __future__ import annotations

import json
import re
import subprocess

from tools.paths import REPOSITORY

BYTES = 300_000
# Put together from pieces, or this file would match itself.
HOSTS = ("registry.npmjs", "files.pythonhosted", "proxy.golang", "sum.golang", "deb.debian")
FORBIDDEN = re.compile("|".join([*(rf"{re.escape(host)}\.org" for host in HOSTS), "/ro" + "ot/"]))


def files() -> list[str]:
    """Return the files that git tracks, or would."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = [name for name in listing.split("\0") if name and (REPOSITORY / name).is_file()]
    assert "noxfile.py" in found
    return found


def test_no_file_names_a_package_registry_or_a_machines_folder() -> None:
    found = {
        name: match.group()
        for name in files()
        if (match := FORBIDDEN.search((REPOSITORY / name).read_text(errors="replace")))
    }
    assert found == {}


def test_no_file_is_large() -> None:
    assert [name for name in files() if (REPOSITORY / name).stat().st_size > BYTES] == []


def test_npm_locks_carry_no_addresses() -> None:
    locks = [name for name in files() if name.endswith("package-lock.json")]
    assert len(locks) == 2
    for name in locks:
        packages = json.loads((REPOSITORY / name).read_text())["packages"]
        assert not [key for key, value in packages.items() if "resolved" in value]
