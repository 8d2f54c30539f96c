"""The runtime wrapper as dockerd calls it: a script of its own that becomes runc."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.machine.programs import Programs
from tools import capability_runtime, engine

ALL = [f"CAP_{name}" for name in capability_runtime.NAMES]
LACKING = {"CAP_SYS_RESOURCE", "CAP_BPF"}
SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")


@pytest.fixture
def wrapper(programs: Programs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The script that a machine without two capabilities gets, with runc on PATH."""
    programs.add("runc", "sys.exit(9)")
    monkeypatch.setattr(capability_runtime, "missing", lambda _: LACKING)
    (added, _) = engine._runtime_flags()
    path = Path(added.rsplit("=", 1)[-1])
    # The tests' machine may lack nothing, so the script reads a status of our making.
    bits = sum(1 << bit for bit, name in enumerate(ALL) if name not in LACKING)
    status = tmp_path / "status"
    status.write_text(f"Name:\tx\nCapPrm:\t{0:016x}\nCapBnd:\t{bits:016x}\n")
    path.write_text(path.read_text().replace("/proc/self/status", str(status)))
    return path


def process() -> dict[str, Any]:
    """Return the process object of a privileged container."""
    return {
        "args": ["sleep", "CAP_BPF"],
        "user": {"uid": 0},
        "capabilities": {name: list(ALL) for name in SETS},
    }


def call(wrapper: Path, *words: str) -> int:
    """Run the wrapper and return its exit code."""
    return subprocess.run([wrapper, *words], check=False, timeout=5).returncode


@pytest.mark.parametrize("flag", [["--bundle", "{}"], ["--bundle={}"], ["-b", "{}"]])
@pytest.mark.parametrize("verb", ["create", "run"])
def test_a_new_container_asks_only_for_what_the_machine_can_give(
    verb: str, flag: list[str], wrapper: Path, programs: Programs, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"process": process(), "linux": {"namespaces": []}}))
    words = ["--root", "/run/x", verb, *(word.format(tmp_path) for word in flag), "an-id"]
    assert call(wrapper, *words) == 9
    assert [found.argv for found in programs.calls("runc")] == [words]
    kept = [name for name in ALL if name not in LACKING]
    expected = {**process(), "capabilities": dict.fromkeys(SETS, kept)}
    assert json.loads(config.read_text()) == {"process": expected, "linux": {"namespaces": []}}


def test_a_process_in_a_container_asks_only_for_what_the_machine_can_give(
    wrapper: Path, programs: Programs, tmp_path: Path
) -> None:
    file = tmp_path / "process.json"
    file.write_text(json.dumps(process()))
    words = ["exec", "--process", str(file), "--detach", "an-id"]
    assert call(wrapper, *words) == 9
    assert [found.argv for found in programs.calls("runc")] == [words]
    found = json.loads(file.read_text())
    assert not LACKING & set(found["capabilities"]["bounding"])
    assert found["args"] == ["sleep", "CAP_BPF"]


@pytest.mark.parametrize("verb", ["state", "delete", "start", "kill", "events"])
def test_every_other_call_changes_nothing(
    verb: str, wrapper: Path, programs: Programs, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"process": process()}))
    before = config.read_bytes()
    assert call(wrapper, verb, "--bundle", str(tmp_path), "an-id") == 9
    assert programs.calls("runc")[0].argv[0] == verb
    assert config.read_bytes() == before


def test_a_process_without_capabilities_stays_without(wrapper: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"process": {"args": ["true"]}}))
    assert call(wrapper, "create", "--bundle", str(tmp_path), "an-id") == 9
    assert json.loads(config.read_text()) == {"process": {"args": ["true"]}}


def test_the_names_have_the_kernels_bit_numbers() -> None:
    known = {"CHOWN": 0, "NET_ADMIN": 12, "SYS_ADMIN": 21, "SYS_RESOURCE": 24, "BPF": 39}
    assert {name: capability_runtime.NAMES.index(name) for name in known} == known
    assert len(capability_runtime.NAMES) == 41


def test_nothing_is_missing_on_a_kernel_that_knows_more_names() -> None:
    assert capability_runtime.missing(f"CapBnd:\t{(1 << 64) - 1:016x}") == set()


def test_the_script_needs_no_package_of_ours(wrapper: Path, tmp_path: Path) -> None:
    for name in ("tools", "json"):  # what a search of the working folder would find
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')")
    code = subprocess.run([wrapper, "state", "x"], cwd=tmp_path, check=False, timeout=5)
    assert code.returncode == 9
    assert os.access(wrapper, os.X_OK)
