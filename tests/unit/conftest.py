"""Keep the unit tests away from the user's cache, engine, cluster and network.

What a test expects to be refused must do no harm when a broken tool does it after all.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HARMFUL = ("apt-get", "docker", "dockerd", "kind", "kubectl", "pip", "podman", "systemctl")


@pytest.fixture(autouse=True)
def guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let no program change the machine: a folder of refusals comes first on PATH."""
    folder = tmp_path / "guard"
    folder.mkdir()
    for name in HARMFUL:
        script(folder / name, f"echo {name} is not for unit tests >&2; exit 97")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/no-engine.sock")
    monkeypatch.setenv("KUBECONFIG", str(folder / "no-cluster"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("GOPROXY", "off")
    return folder


@pytest.fixture(autouse=True)
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "disney-ai-plus"


@pytest.fixture
def programs(tmp_path: Path, guard: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, beside the shell's own programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{guard}:/usr/bin:/bin")
    return folder


def script(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
