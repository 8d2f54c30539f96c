"""The container engine: use the one that runs, else install and start one.

Only Debian and Ubuntu machines where the user is root get an engine from us;
everywhere else the message says what to start.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import apt, capability_runtime
from tools.cache import digest
from tools.console import say, step
from tools.errors import ToolError
from tools.paths import cache_root
from tools.poll import until
from tools.proc import run, succeeds, tail

START_SECONDS = 60
APT_PACKAGES = ("docker.io", "iptables")


@dataclass(frozen=True)
class Engine:
    """A command line client whose daemon answers: `docker` or `podman`."""

    cli: str

    @property
    def kind_environment(self) -> dict[str, str]:
        """Return the variables that make kind use this engine."""
        return {"KIND_EXPERIMENTAL_PROVIDER": self.cli}

    def run(self, *arguments: str | Path, timeout: float | None = None) -> str:
        """Run the client and return what it printed."""
        return run([self.cli, *arguments], timeout=timeout)

    def build(self, context: Path, tag: str, **arguments: str) -> None:
        """Build an image from a folder with its Dockerfile; `arguments` are build arguments.

        The classic builder is enough for ours, and it is there where buildx is not.
        """
        words = [word for item in arguments.items() for word in ("--build-arg", "=".join(item))]
        run(
            [self.cli, "build", "--tag", tag, *words, context],
            env={"DOCKER_BUILDKIT": "0"},
        )

    def has_image(self, reference: str) -> bool:
        """Tell whether the engine's own store holds an image."""
        return succeeds([self.cli, "image", "inspect", reference])


def find() -> Engine | None:
    """Return the engine that answers now, Docker before Podman, or None."""
    for cli in ("docker", "podman"):
        if shutil.which(cli) and succeeds([cli, "info"], timeout=20):
            return Engine(cli)
    return None


def ensure() -> Engine:
    """Return an engine that answers, installing and starting Docker where that is ours to do.

    Raises:
        ToolError: none answers, and this is not a Debian or Ubuntu machine run as root.
    """
    found = find()
    if found is not None:
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ToolError(
            "No container engine answers (`docker info` and `podman info` both fail). "
            "Start Docker or Podman, or set DOCKER_HOST, and run this again."
        )
    if shutil.which("dockerd") is None:
        with step(f"installing {' and '.join(APT_PACKAGES)} (no container engine found)"):
            apt.install(*APT_PACKAGES)
    if Path("/run/systemd/system").is_dir():
        run(["systemctl", "start", "docker"], timeout=START_SECONDS)
    else:
        _start_by_hand()
    found = find()
    if found is None:
        raise ToolError("Docker was started, but `docker info` fails. Read its output and retry.")
    return found


def stop() -> None:
    """Stop the daemon that we started, if it is still ours and runs nothing."""
    pid = _our_daemon()
    if pid is None:
        return
    if run(["docker", "ps", "--quiet"], timeout=20).strip():
        say("the Docker daemon that was started here stays: it runs other containers")
        return
    os.kill(pid, signal.SIGTERM)
    until(
        lambda: not Path(f"/proc/{pid}").exists(),
        seconds=START_SECONDS,
        what=f"dockerd (process {pid}) to stop",
    )
    _pid_file().unlink()
    say("stopped the Docker daemon that was started here")


def _start_by_hand() -> None:
    """Start dockerd detached, with its log beside its pid in the cache."""
    log = _pid_file().with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = ["dockerd", "--userland-proxy=false", *_runtime_flags()]
    with step("starting the Docker daemon (no service manager here)"):
        with log.open("w") as output:
            daemon = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
            )
        _pid_file().write_text(str(daemon.pid))

        def ready() -> bool:
            if daemon.poll() is not None:
                raise ToolError(f"dockerd ended at once. Its last lines:\n{tail(log.read_text())}")
            return succeeds(["docker", "info"], timeout=10)

        until(ready, seconds=START_SECONDS, what=f"`docker info` to answer (log: {log})")


def _runtime_flags() -> Sequence[str]:
    """Return dockerd flags for the runtime wrapper, where a capability is missing."""
    missing = capability_runtime.missing(Path("/proc/self/status").read_text())
    if not missing:
        return ()
    say(f"this machine lacks {', '.join(sorted(missing))}: containers run without")
    source = Path(capability_runtime.__file__)
    wrapper = cache_root() / "engine" / f"runtime-{digest(source)}"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    wrapper.write_text(f"#!{os.path.realpath(sys.executable)} -IS\n{source.read_text()}")
    wrapper.chmod(0o755)
    return (f"--add-runtime=capable={wrapper}", "--default-runtime=capable")


def _pid_file() -> Path:
    return cache_root() / "engine" / "dockerd.pid"


def _our_daemon() -> int | None:
    """Return the process id of the daemon we started, unless it has ended or been replaced."""
    try:
        pid = int(_pid_file().read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        # The file is written right after the start; a process that began later has taken the id.
        replaced = _started(pid) > _pid_file().stat().st_mtime + 2
    except (OSError, ValueError):
        return None
    return None if replaced or Path(os.fsdecode(command[0])).name != "dockerd" else pid


def _started(pid: int) -> float:
    """Return when a process began, in seconds since the epoch (proc(5), field 22 of stat)."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    (boot,) = re.findall(r"^btime (\d+)", Path("/proc/stat").read_text(), re.MULTILINE)
    return int(boot) + ticks / os.sysconf("SC_CLK_TCK")
