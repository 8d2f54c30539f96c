"""The runtime wrapper drops what the machine cannot give, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.conftest import script
from tools import capability_runtime
from tools.capability_runtime import NAMES, missing


def bounding_set(*without: str) -> str:
    """Return a /proc/PID/status line that lacks some capabilities."""
    bits = sum(1 << bit for bit, name in enumerate(NAMES) if name not in without)
    return f"Name:\tx\nCapBnd:\t{bits:016x}\n"


def test_missing_names_are_read_from_the_bounding_set() -> None:
    assert missing(bounding_set()) == set()
    assert missing(bounding_set("SYS_RESOURCE", "BPF")) == {"CAP_SYS_RESOURCE", "CAP_BPF"}
    assert missing("CapBnd:\t000001fffeffffff\n") == {"CAP_SYS_RESOURCE"}


@pytest.mark.parametrize("call", ["create", "exec"])
def test_the_file_of_the_call_is_edited_and_runc_called(
    call: str, programs: Path, tmp_path: Path
) -> None:
    script(programs / "runc", f'printf "%s\\n" "$@" > {tmp_path}/argv')
    mine = missing(Path("/proc/self/status").read_text())
    process = {"capabilities": {"bounding": ["CAP_CHOWN", *sorted(mine)]}, "args": ["true"]}
    if call == "create":
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"process": process, "root": {"path": "/"}}))
        words = ["--root", "/run/x", "create", "--bundle", str(tmp_path), "name"]
    else:
        path = tmp_path / "process.json"
        path.write_text(json.dumps(process))
        words = ["exec", f"--process={path}", "name"]
    subprocess.run([sys.executable, capability_runtime.__file__, *words], check=True)
    found = json.loads(path.read_text())
    found = found["process"] if call == "create" else found
    assert found == {"capabilities": {"bounding": ["CAP_CHOWN"]}, "args": ["true"]}
    assert (tmp_path / "argv").read_text().split() == words


def test_other_calls_are_passed_through(programs: Path, tmp_path: Path) -> None:
    script(programs / "runc", f'printf "%s\\n" "$@" > {tmp_path}/argv')
    words = ["delete", "--force", "name"]
    subprocess.run([sys.executable, capability_runtime.__file__, *words], check=True)
    assert (tmp_path / "argv").read_text().split() == words


def test_only_named_capabilities_are_removed() -> None:
    process: dict[str, object] = {"capabilities": {"effective": ["CAP_A", "CAP_B"]}}
    capability_runtime.without(process, {"CAP_B"})
    assert process == {"capabilities": {"effective": ["CAP_A"]}}
