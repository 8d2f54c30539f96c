"""Which container engine is used, and what is never done to one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.conftest import script
from tools import engine
from tools.errors import ToolError


def test_docker_comes_before_podman(programs: Path) -> None:
    script(programs / "docker", "exit 1")
    script(programs / "podman", "exit 0")
    assert engine.find() == engine.Engine("podman")
    script(programs / "docker", "exit 0")
    assert engine.find() == engine.Engine("docker")


def test_an_engine_that_does_not_answer_is_none(programs: Path) -> None:
    script(programs / "docker", "exit 1")
    script(programs / "podman", "exit 1")
    assert engine.find() is None


def test_who_is_not_root_is_told_what_to_start(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(programs / "docker", "exit 1")
    script(programs / "podman", "exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ToolError, match="Start Docker or Podman"):
        engine.ensure()


def test_a_process_that_is_not_our_daemon_is_left_alone(
    programs: Path, private_cache: Path
) -> None:
    script(programs / "docker", "exit 0")
    with subprocess.Popen(["sleep", "60"]) as bystander:
        (private_cache / "engine").mkdir(parents=True)
        (private_cache / "engine" / "dockerd.pid").write_text(str(bystander.pid))
        engine.stop()
        assert bystander.poll() is None
        bystander.kill()


def test_our_daemon_is_left_running_while_it_runs_containers(
    programs: Path, private_cache: Path
) -> None:
    script(programs / "docker", "echo 0123456789ab")
    daemon = programs / "dockerd"
    daemon.symlink_to("/usr/bin/sleep")
    with subprocess.Popen([str(daemon), "60"]) as process:
        (private_cache / "engine").mkdir(parents=True)
        (private_cache / "engine" / "dockerd.pid").write_text(str(process.pid))
        engine.stop()
        assert process.poll() is None
        process.kill()
