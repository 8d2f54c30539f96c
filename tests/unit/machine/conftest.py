"""A machine of the test's own: fake programs on PATH, an empty cache, no cluster yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.machine.kind_machine import KindMachine
from tests.unit.machine.programs import Programs
from tools import cluster, golang, registry, release, testbed, toolchain

MEMORISED = (golang.go, registry.answers, toolchain.tool)


@pytest.fixture(autouse=True)
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the tools keep the way to their cluster; the user's own is another."""
    path = tmp_path / "build" / "kubeconfig"
    for user in (cluster, release):
        monkeypatch.setattr(user, "KUBECONFIG", path)
    monkeypatch.setattr(testbed, "AUTHORITY", tmp_path / "build" / "ca.crt")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "somebody-elses"))
    return path


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("GOPROXY", "off")


@pytest.fixture(autouse=True)
def nothing_memorised() -> Iterator[None]:
    """Let what answers once a process answer anew in each test."""
    for function in MEMORISED:
        function.cache_clear()
    yield
    for function in MEMORISED:
        function.cache_clear()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Fake programs, which are all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return Programs(folder)


@pytest.fixture
def machine(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KindMachine:
    """A machine with docker, kind and kubectl, and no cluster."""
    # Asking each fake for its version, in each test, costs more than the rest.
    monkeypatch.setattr(toolchain, "tool", programs.folder.joinpath)
    return KindMachine(programs, tmp_path / "machine.json")
