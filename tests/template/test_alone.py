"""What keeps a second server off the volume: it waits, says so, and writes nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.template.chart import CHART
from tests.template.conftest import Render
from tools.lab.manifests import named

SCRIPT = CHART / "files" / "db" / "alone.sh"
WAITING = "alone: another server still has this volume; waiting until it has ended.\n"
SECONDS = 10
Process = subprocess.Popen[str]
Start = Callable[..., Process]


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """Return an empty volume."""
    folder = tmp_path / "volume"
    folder.mkdir()
    return folder


@pytest.fixture
def start(volume: Path) -> Iterator[Start]:
    """Start a command that wants the volume for itself."""
    started: list[Process] = []

    def run(*command: str, path: str = os.environ["PATH"]) -> Process:
        process = subprocess.Popen(
            [shutil.which("sh") or "sh", str(SCRIPT), *command],
            env={"PATH": path, "PGDATA": str(volume / "17" / "docker")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
            # As in a container: no shell can trap what it was started to ignore.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def runs(process: Process) -> None:
    """Wait until a command that prints a line first has begun."""
    assert process.stdout is not None
    assert process.stdout.readline() == "runs\n"


def waits(process: Process) -> None:
    """Wait until it says that it waits."""
    assert process.stderr is not None
    assert process.stderr.readline() == WAITING
    assert process.poll() is None


SERVER = ("sh", "-c", "echo runs; read -r line")


def test_the_command_is_run_with_its_words_and_its_exit_code(start: Start, volume: Path) -> None:
    process = start("sh", "-c", 'echo "$#: $2"; exit 3', "sh", "one", "two words")
    assert process.communicate(timeout=SECONDS) == ("2: two words\n", "")
    assert process.returncode == 3
    assert list(volume.iterdir()) == []


@pytest.mark.row("B5")
def test_another_one_waits_until_the_first_has_ended(start: Start) -> None:
    first, second = start(*SERVER), None
    runs(first)
    second = start("echo", "runs")
    waits(second)
    first.communicate("end\n", timeout=SECONDS)
    assert second.communicate(timeout=SECONDS) == ("runs\n", "")


@pytest.mark.row("B5")
def test_it_waits_for_every_process_of_the_first(start: Start) -> None:
    """A server's children may live longer than it, and write."""
    first = start("sh", "-c", "sleep 60 > /dev/null 2>&1 & echo $!")
    assert first.stdout is not None
    child = int(first.stdout.readline())
    assert first.wait(SECONDS) == 0
    second = start("echo", "runs")
    waits(second)
    os.kill(child, signal.SIGKILL)
    assert second.communicate(timeout=SECONDS) == ("runs\n", "")


@pytest.mark.row("B5")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_told_to_wait_no_longer(start: Start, number: signal.Signals) -> None:
    runs(start(*SERVER))
    second = start("echo", "runs")
    waits(second)
    second.send_signal(number)
    assert second.communicate(timeout=SECONDS)[0] == ""
    assert second.returncode == 143


def test_what_it_started_handles_signals_itself(start: Start) -> None:
    process = start("sh", "-c", "echo runs; read -r line")
    runs(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == -signal.SIGTERM


def test_a_volume_that_cannot_be_locked_is_told_and_no_obstacle(
    start: Start, tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "flock").write_text("#!/bin/sh\necho 'flock: 9: No locks available' >&2\nexit 71\n")
    (programs / "flock").chmod(0o755)
    process = start("echo", "runs", path=f"{programs}{os.pathsep}{os.environ['PATH']}")
    said, complaint = process.communicate(timeout=SECONDS)
    assert said == "runs\n"
    assert "the volume cannot be locked (flock: 9: No locks available)" in complaint
    assert "Never delete the pod by force." in complaint


def test_an_image_without_the_program_is_refused(start: Start, tmp_path: Path) -> None:
    process = start("echo", "runs", path=str(tmp_path))
    said, complaint = process.communicate(timeout=SECONDS)
    assert (process.returncode, said) == (1, "")
    assert "the image has no flock" in complaint
    assert "Set db.image" in complaint


@pytest.mark.row("B5")
def test_the_server_and_the_guard_have_the_volume_alone(render: Render) -> None:
    manifests = render()
    server, guard = (manifests.container("db", name) for name in ("postgres", "guard"))
    assert server["command"] == ["sh", "/etc/guard/alone.sh", "docker-entrypoint.sh"]
    assert server["args"][0] == "postgres"
    assert guard["command"][:2] == ["sh", "/etc/guard/alone.sh"]
    (items,) = [
        volume["configMap"]["items"]
        for volume in manifests.pod("db")["spec"]["volumes"]
        if volume["name"] == "guard"
    ]
    assert {item["path"] for item in items} == {"alone.sh", "guard.sh"}
    for container in (server, guard):
        assert named(container["volumeMounts"], "guard")["mountPath"] == "/etc/guard"
