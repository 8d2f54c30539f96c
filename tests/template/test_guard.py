"""The guard of the volume: what it lets pass, what it stops, and that it changes nothing."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.template.chart import CHART
from tests.template.conftest import Render
from tools.lab.manifests import named

SCRIPT = CHART / "files" / "db" / "guard.sh"
OURS = "17/docker"


class Volume:
    """A volume on this machine, and the guard run over it with a pretended server."""

    def __init__(self, folder: Path) -> None:
        """Make the volume, empty, and a server of the chart's own version."""
        self.root = folder / "volume"
        self.root.mkdir()
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.server("17.7 (Debian 17.7-3.pgdg13+1)")

    def server(self, version: str) -> None:
        """Pretend that the image is of this version."""
        program = self.programs / "postgres"
        program.write_text(f'#!/bin/sh\necho "postgres (PostgreSQL) {version}"\n')
        program.chmod(0o755)

    def write(self, path: str, text: str = "") -> None:
        """Put a file on the volume."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def cluster(self, path: str, major: str) -> None:
        """Put a database cluster on the volume, as far as the guard can tell."""
        self.write(f"{path}/PG_VERSION", f"{major}\n")
        self.write(f"{path}/base/1/PG_VERSION", f"{major}\n")
        self.write(f"{path}/global/pg_control", "control")

    def guard(self) -> tuple[int, str]:
        """Run the guard; return its exit code and what it said."""
        done = subprocess.run(
            ["sh", str(SCRIPT)],
            env={
                "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
                "PGMAJOR": "17",
                "PGDATA": str(self.root / OURS),
                "INITIALISING": str(self.root / "initialising"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        return done.returncode, done.stderr

    def hash(self) -> str:
        """Return a hash over every name, mode and byte on the volume."""
        total = hashlib.sha256()
        for path in sorted(self.root.rglob("*")):
            content = path.read_bytes() if path.is_file() else b""
            total.update(f"{path}\0{path.stat().st_mode}\0{path.stat().st_mtime_ns}\0".encode())
            total.update(content)
        return total.hexdigest()


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    """Return an empty volume."""
    return Volume(tmp_path)


def stops(volume: Volume, *words: str) -> None:
    """Check that the guard stops with these words and leaves everything as it was."""
    before = volume.hash()
    code, message = volume.guard()
    assert code == 1
    assert message.startswith("guard: ")
    assert message.rstrip().endswith("Nothing has been changed.")
    assert message.count("\n") == 1, "one sentence that a person can act on"
    for word in words:
        assert word in message, message
    assert volume.hash() == before


@pytest.mark.row("B4")
def test_an_empty_volume_passes_and_is_marked_until_it_is_initialised(volume: Volume) -> None:
    (volume.root / "lost+found").mkdir()
    assert volume.guard() == (0, "")
    assert (volume.root / "initialising").exists()
    assert volume.guard() == (0, "")  # a second attempt, before initdb has begun


@pytest.mark.row("B4")
def test_a_finished_database_passes_untouched(volume: Volume) -> None:
    volume.cluster(OURS, "17")
    before = volume.hash()
    assert volume.guard() == (0, "")
    assert volume.hash() == before


@pytest.mark.row("B4")
def test_a_database_beside_an_old_majors_passes(volume: Volume) -> None:
    volume.cluster(OURS, "17")
    volume.cluster("16/docker", "16")
    assert volume.guard() == (0, "")


@pytest.mark.row("B4")
def test_another_major_where_ours_would_be_is_stopped(volume: Volume) -> None:
    volume.cluster(OURS, "16")
    stops(volume, "PostgreSQL 16", "this is PostgreSQL 17", "docs/backup.md")


@pytest.mark.row("B4")
@pytest.mark.parametrize("place", ["16/docker", "data", "pgdata", "17/main", "."])
def test_a_database_elsewhere_on_the_volume_is_stopped(volume: Volume, place: str) -> None:
    volume.cluster(place, "16")
    stops(volume, "PostgreSQL 16", "dump it there")


@pytest.mark.row("B4")
@pytest.mark.parametrize("file", ["photo.jpg", "some/where/notes.txt", "17/docker/notes.txt"])
def test_foreign_files_are_stopped(volume: Volume, file: str) -> None:
    volume.write(file, "dear diary")
    stops(volume, "not empty", file.split("/")[0], "a volume of its own")


@pytest.mark.row("B4")
def test_a_half_made_database_is_stopped(volume: Volume) -> None:
    assert volume.guard()[0] == 0
    volume.cluster(OURS, "17")
    stops(volume, "cut short", "delete the claim")


@pytest.mark.row("B4")
def test_a_half_made_database_without_a_version_is_stopped(volume: Volume) -> None:
    assert volume.guard()[0] == 0
    volume.write(f"{OURS}/base/1/1234", "x")
    stops(volume, "not empty")


@pytest.mark.row("B4")
def test_what_our_own_image_leaves_of_an_interrupted_start_passes(volume: Volume) -> None:
    """It makes the cluster beside its place and starts over (images/postgres/entrypoint.sh)."""
    assert volume.guard()[0] == 0
    volume.cluster(f"{OURS}.unfinished", "17")
    assert volume.guard() == (0, "")


@pytest.mark.row("B4")
@pytest.mark.parametrize("version", ["18.1", "16.11 (Debian)", "9.6.24"])
def test_an_image_of_another_major_is_stopped(volume: Volume, version: str) -> None:
    volume.cluster(OURS, "17")
    volume.server(version)
    stops(volume, f"The image is PostgreSQL {version.split('.')[0]}", "Set db.image")


@pytest.mark.row("B4")
def test_the_guard_looks_before_the_server_does(render: Render) -> None:
    manifests = render()
    spec = manifests.pod("db")["spec"]
    assert [container["name"] for container in spec["initContainers"]] == ["guard"]
    guard = manifests.container("db", "guard")
    server = manifests.container("db", "postgres")
    assert guard["image"] == server["image"]
    assert guard["command"] == ["sh", "/etc/guard/alone.sh", "sh", "/etc/guard/guard.sh"]
    assert manifests.one("ConfigMap", "db")["data"]["guard.sh"] == SCRIPT.read_text("utf-8")
    for container in (guard, server):
        assert named(container["volumeMounts"], "data")["mountPath"] == "/var/lib/postgresql"
    env = {entry["name"]: entry.get("value") for entry in guard["env"]}
    assert env.items() <= {entry["name"]: entry.get("value") for entry in server["env"]}.items()
    assert env["PGDATA"] == f"/var/lib/postgresql/{OURS}"
    # What it says is what `kubectl describe pod db-0` shows.
    assert guard["terminationMessagePolicy"] == "FallbackToLogsOnError"


@pytest.mark.row("B4")
def test_the_mark_goes_with_the_last_step_of_the_initialisation() -> None:
    lines = (CHART / "files/db/initdb.sh").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == 'rm -f "$INITIALISING"'
    assert "set -eu" in lines
