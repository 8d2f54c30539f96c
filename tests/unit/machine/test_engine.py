"""An engine is used, installed or refused; only the daemon started here is stopped."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.machine.programs import Programs
from tools import capability_runtime, engine
from tools.errors import ToolError

APT = """
if argv[0] == "install":
    open(os.path.join({folder!r}, "dockerd"), "w").write({dockerd!r})
    os.chmod(os.path.join({folder!r}, "dockerd"), 0o755)
"""
# Answers once its daemon has been started.
DOCKER = "if argv[0] == 'info': sys.exit(not os.path.exists({started!r}))"
DOCKERD = "#!/bin/bash\nprintf '%s\\n' \"$@\" > {started}\nexec -a dockerd /bin/sleep 60\n"


@contextmanager
def process(folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process of some name, and collect it as soon as it ends, as init does."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "60"]) as running:
        threading.Thread(target=running.wait, daemon=True).start()
        yield running
        running.kill()


def remember(private_cache: Path, pid: int | str) -> Path:
    """Write down a process id as that of the daemon started here."""
    file = private_cache / "engine" / "dockerd.pid"
    file.parent.mkdir(parents=True)
    file.write_text(str(pid))
    return file


@pytest.fixture
def bare(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A root's Debian without an engine; returns where dockerd writes its arguments."""
    started = tmp_path / "started"
    dockerd = DOCKERD.format(started=started)
    programs.add("apt-get", APT.format(folder=str(programs.folder), dockerd=dockerd))
    programs.add("docker", DOCKER.format(started=str(started)))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "is_dir", lambda path: os.path.isdir(path) and path.parts[1] != "run")  # noqa: PTH112
    yield started
    pid = engine._pid_file()
    if pid.exists():
        os.kill(int(pid.read_text().split()[0]), 9)


def test_docker_is_asked_first_and_podman_not_at_all_where_it_answers(programs: Programs) -> None:
    programs.add("docker")
    programs.add("podman")
    assert engine.ensure() == engine.Engine("docker")
    assert [str(call) for call in programs.calls()] == ["docker info"]


def test_kind_is_told_which_engine(programs: Programs) -> None:
    programs.add("podman")
    assert engine.ensure().kind_environment == {"KIND_EXPERIMENTAL_PROVIDER": "podman"}


@pytest.mark.parametrize(("user", "apt"), [(1000, True), (0, False)], ids=["not root", "no apt"])
def test_where_an_engine_is_not_ours_to_install_one_sentence_says_what_to_do(
    user: int, apt: bool, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("docker", "sys.exit('permission denied')")
    if apt:
        programs.add("apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(ToolError, match="Start Docker or Podman, or set DOCKER_HOST") as caught:
        engine.ensure()
    assert "\n" not in str(caught.value)
    assert programs.calls("apt-get") == []


def test_a_missing_engine_is_installed_and_started(bare: Path, programs: Programs) -> None:
    assert engine.ensure() == engine.Engine("docker")
    assert [call.argv[0] for call in programs.calls("apt-get")] == ["update", "install"]
    assert bare.exists()


def test_a_machine_that_lacks_a_capability_gets_the_wrapper_as_default_runtime(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capability_runtime, "missing", lambda _: {"CAP_SYS_RESOURCE"})
    engine.ensure()
    flags = bare.read_text().split()
    assert "--default-runtime=capable" in flags
    (added,) = (flag for flag in flags if flag.startswith("--add-runtime=capable="))
    assert os.access(added.rsplit("=", 1)[-1], os.X_OK)


def test_a_machine_with_every_capability_keeps_dockers_runtime(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capability_runtime, "missing", lambda _: set())
    engine.ensure()
    assert "runtime" not in bare.read_text()


@pytest.mark.usefixtures("bare")
def test_a_daemon_that_ends_at_once_is_told_with_its_last_lines(programs: Programs) -> None:
    programs.add("dockerd", "sys.exit('iptables is missing')")
    with pytest.raises(ToolError, match="iptables is missing"):
        engine.ensure()
    engine._pid_file().unlink()


@pytest.mark.parametrize("containers", [False, True], ids=["idle", "with a container"])
def test_the_daemon_that_was_started_here_is_stopped_only_when_idle(
    containers: bool, bare: Path, programs: Programs
) -> None:
    engine.ensure()
    programs.add("docker", f"print('0123456789ab' * {containers:d})")
    pid = int(engine._pid_file().read_text().split()[0])
    # Another process stops it as a rule, so init collects it.
    threading.Thread(target=os.waitpid, args=(pid, 0), daemon=True).start()
    engine.stop()
    assert bare.exists()
    assert Path(f"/proc/{pid}").exists() is containers
    assert engine._pid_file().exists() is containers


@pytest.mark.parametrize("content", ["", "not a number", "999999999"])
def test_a_process_id_that_is_none_is_ignored(
    content: str, programs: Programs, private_cache: Path
) -> None:
    programs.add("docker")
    remember(private_cache, content)
    engine.stop()
    assert programs.calls() == []


def test_somebody_elses_dockerd_under_a_recycled_process_id_is_left_alone(
    programs: Programs, private_cache: Path, tmp_path: Path
) -> None:
    """After a reboot the id in our file may be that of the daemon that systemd started."""
    programs.add("docker")
    with process(tmp_path / "theirs", "dockerd") as theirs:
        remember(private_cache, theirs.pid)
        # Ours was started before the file was written, theirs long after.
        os.utime(private_cache / "engine" / "dockerd.pid", (0, 0))
        engine.stop()
        with pytest.raises(subprocess.TimeoutExpired):
            theirs.wait(timeout=0.3)


def test_a_daemon_that_has_run_for_a_while_is_still_ours(bare: Path, programs: Programs) -> None:
    """What /proc shows of a process is dated by the first look at it, not by its start."""
    engine.ensure()
    programs.add("docker")
    pid = int(engine._pid_file().read_text().split()[0])
    ended = threading.Thread(target=os.waitpid, args=(pid, 0), daemon=True)
    ended.start()
    ended.join(timeout=1.5)  # it runs on
    assert bare.exists()
    engine.stop()
    ended.join(timeout=5)
    assert not ended.is_alive()
    assert not engine._pid_file().exists()


def test_the_build_uses_a_builder_that_is_there_and_its_arguments(
    programs: Programs, tmp_path: Path
) -> None:
    programs.add("docker")
    engine.Engine("docker").build(tmp_path, "name:tag", BASE="x:y", PROGRAM="z")
    (call,) = programs.calls()
    assert call.argv[:3] == ["build", "--tag", "name:tag"]
    assert call.argv[3:] == [
        *("--build-arg", "BASE=x:y", "--build-arg", "PROGRAM=z"),
        str(tmp_path),
    ]
    assert call.env["DOCKER_BUILDKIT"] == "0"
