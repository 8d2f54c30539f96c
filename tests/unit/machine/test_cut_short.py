"""Ctrl-C or a full disk in each phase of `up`: one sentence, nothing left; the next run works."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.machine.kind_machine import DOCKER, KIND, KUBECTL, STATE, KindMachine, node
from tests.unit.machine.programs import Programs
from tools.paths import REPOSITORY
from tools.poll import until

# Runs the command line where all tools are the fakes on PATH and a registry answers.
DRIVER = """
import sys
from pathlib import Path
from tools import addons, cluster, golang, registry, release, status, testbed, toolchain
from tools import __main__ as command
build = Path(sys.argv.pop(1))
cluster.KUBECONFIG = release.KUBECONFIG = build / "kubeconfig"
testbed.AUTHORITY = build / "ca.crt"
registry.answers = lambda: True
toolchain.tool = lambda name: build.parent / "bin" / name
addons.crds = lambda: []
status.show = lambda _: print("done")
sys.exit(command.main())
"""
# Stops or fails in the call that holds some words; put before what a fake does.
STOP = """
if os.environ.get("STOP_AT", "never") in " ".join([{name!r}, *argv]):
    open(os.environ["STOPPED"], "w").write(str(os.getpid()))
    time.sleep(60)
if os.environ.get("FULL_AT", "never") in " ".join([{name!r}, *argv]):
    sys.exit("write /var/lib/layer: no space left on device")
"""
SAVED = """
if argv[0] == "save":
    open(argv[argv.index("--output") + 1], "w").close()
"""
NODES = """
import re
if argv[:2] == ["create", "cluster"]:
    marks = re.findall(r"containerPath: (/kind/test-bed/[0-9a-f]+)", stdin)
    running = {"Running": True}
    state["nodes"] = [
        {"Name": f"/node-{number}", "State": running, "Mounts": [{"Destination": mark}]}
        for number, mark in enumerate(marks)
    ]
    save()
"""
OBJECTS = """
deployment = {"kind": "Deployment", "metadata": {"name": "api"}}
if "deployments,statefulsets,jobs" in argv:
    print(json.dumps({"items": [deployment]}))
"""
PHASES = {
    "looking for the engine": "docker info",
    "building an image": "docker build",
    "keeping an image": "docker save",
    "making the cluster": "kind create cluster",
    "installing add-ons": "kubectl --kubeconfig KUBECONFIG apply --server-side",
    "loading an image": "kind load image-archive",
    "installing the release": "helm upgrade",
    "waiting for the release": "kubectl --kubeconfig KUBECONFIG rollout status deployment/api",
}

Up = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def up(
    machine: KindMachine, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Up:
    """The command line on a make-believe machine; it stops where it is told to."""
    bodies = {
        "docker": DOCKER + SAVED,
        "kind": KIND + NODES,
        "kubectl": KUBECTL + OBJECTS,
        "helm": "",
    }
    for name, body in bodies.items():
        programs.add(name, STOP.format(name=name) + STATE.format(path=str(machine.path)) + body)
    (programs.folder / "git").symlink_to(str(shutil.which("git", path=os.defpath)))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "build").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("STOPPED", str(tmp_path / "stopped"))

    def run(**where: str) -> subprocess.Popen[str]:
        kubeconfig = str(tmp_path / "build" / "kubeconfig")
        words = {name: text.replace("KUBECONFIG", kubeconfig) for name, text in where.items()}
        return subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(tmp_path / "build"), "up"],
            cwd=REPOSITORY,
            env={**os.environ, **words},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


def children(of: Path) -> set[str]:
    """Return the command lines of the fakes that run."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(of) in line:
            found.add(line)
    return found


def nothing_is_left(tmp_path: Path, private_cache: Path) -> None:
    """Assert that no program of a run goes on, and nothing half made lies around."""
    until(lambda: not children(tmp_path / "bin"), seconds=10, what="what it had started to end")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [path for path in private_cache.glob("*/.*") if path.suffix != ".lock"] == []


def the_next_run_works(up: Up) -> None:
    """Assert that the same command gets to its end now."""
    with up() as again:
        out, told = again.communicate(timeout=60)
    assert (again.returncode, told) == (0, ""), out
    assert out.rstrip().endswith("done")


@pytest.mark.parametrize("phase", PHASES)
def test_an_interrupt_ends_everything(
    phase: str, up: Up, tmp_path: Path, private_cache: Path
) -> None:
    with up(STOP_AT=PHASES[phase]) as running:
        until((tmp_path / "stopped").exists, seconds=60, what=f"the run to be {phase}")
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert told.strip() == "interrupted: run the same command again to go on from here"
    nothing_is_left(tmp_path, private_cache)
    the_next_run_works(up)


@pytest.mark.parametrize(
    "phase", [phase for phase in PHASES if "an image" in phase or "cluster" in phase]
)
def test_a_full_disk_is_told_before_what_failed_on_it(
    phase: str, up: Up, tmp_path: Path, private_cache: Path
) -> None:
    with up(FULL_AT=PHASES[phase]) as running:
        _, told = running.communicate(timeout=60)
    assert running.returncode == 1
    first, *rest = told.strip().splitlines()
    assert first.startswith("error: A disk is full.")
    assert "run the same command again" in first
    assert "Traceback" not in "".join(rest)
    nothing_is_left(tmp_path, private_cache)
    the_next_run_works(up)


def test_a_foreign_cluster_ends_the_builds_beside_it(
    up: Up, machine: KindMachine, tmp_path: Path, private_cache: Path
) -> None:
    machine.has(nodes=[node("theirs", [])])
    before = machine.state
    with up(STOP_AT=PHASES["building an image"]) as running:
        _, told = running.communicate(timeout=50)
    assert running.returncode == 1
    (line,) = told.strip().splitlines()
    assert line.startswith("error: A kind cluster named 'disney-ai-plus' exists")
    assert machine.state == before
    nothing_is_left(tmp_path, private_cache)
