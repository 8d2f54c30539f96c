"""The unit tests of our own Node.js programs, from what git would hand out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images.engine import LABEL
from tools import images
from tools.engine import Engine
from tools.poll import until
from tools.proc import run, succeeds

PROGRAMS = ("api", "web")
NODE_MAJOR = 20
INSTALL_SECONDS = 300
TEST_SECONDS = 300


@pytest.fixture(scope="module", autouse=True)
def _node() -> None:
    """Make sure that the programs are there, with a message that says what to do."""
    needed = f"These tests need Node.js {NODE_MAJOR} or newer, with npm, on PATH"
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    assert not missing, f"{needed}; not found: {', '.join(missing)}."
    version = run(["node", "--version"]).strip()
    assert int(version.removeprefix("v").split(".")[0]) >= NODE_MAJOR, f"{needed}; it is {version}."


@pytest.fixture(scope="module")
def database(engine: Engine, postgres_image: str) -> Iterator[str]:
    """The URL of a new PostgreSQL on 127.0.0.1, so that the host needs none."""
    container = engine.run(
        *("run", "--detach", "--rm", f"--label={LABEL}", "--publish=127.0.0.1::5432"),
        *("--env=POSTGRES_PASSWORD=only-for-tests", postgres_image),
    ).strip()
    try:
        ready = [engine.cli, "exec", container, "pg_isready", "--host=127.0.0.1"]
        until(lambda: succeeds(ready), seconds=60, what="PostgreSQL to accept connections")
        address = engine.run("port", container, "5432/tcp").splitlines()[0]
        yield f"postgresql://postgres:only-for-tests@{address}/postgres"
    finally:
        engine.run("rm", "--force", "--volumes", container)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_unit_tests_pass(program: str, tmp_path: Path, database: str) -> None:
    for name in (program, "service"):
        source = images.SOURCE / name
        images.copy_tree(images.tracked(source), source, tmp_path / name)
    copy = tmp_path / program
    npm(copy, "ci", "--no-audit", "--no-fund", "--prefer-offline", seconds=INSTALL_SECONDS)
    output = npm(copy, "test", seconds=TEST_SECONDS, TEST_DATABASE_URL=database)
    assert "# pass 0\n" not in output
    assert "# tests 0\n" not in output


def npm(folder: Path, *arguments: str, seconds: int, **env: str) -> str:
    """Run npm; on failure the whole output is the message."""
    done = subprocess.run(
        ["npm", *arguments],
        cwd=folder,
        env={**os.environ, "CI": "1", "NO_COLOR": "1", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"npm {' '.join(arguments)} in {folder.name}:\n{done.stdout}"
    return done.stdout
