"""A tool on PATH serves only in exactly the pinned version, however it words that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.machine.programs import Programs
from tools import golang, toolchain
from tools.errors import ToolError
from tools.versions import Module, module

# What the real programs print, with the version left open.
OUTPUTS = {
    "helm": "v{}",
    "kind": "kind v{} go1.26.1 linux/amd64",
    "kubectl": "Client Version: v{}\nKustomize Version: v5.7.1",
    "ct": "Version:\t v{}\nGit commit:\t abc\nLicense:\t Apache 2.0",
    "k6": "k6 v{} (go1.26.1, linux/amd64)",
    "kube-score": "kube-score version: {}, commit: abc, built: unknown",
}


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where a tool is that had to be built."""
    folder = tmp_path / "built"
    monkeypatch.setattr(golang, "build", lambda _module: folder)
    return folder


def pinned(name: str) -> str:
    return module(name).version.removeprefix("v")


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_pinned_version_on_path_serves(name: str, programs: Programs) -> None:
    path = programs.add(name, f"print({OUTPUTS[name].format(pinned(name))!r})")
    assert toolchain.tool(name) == path
    assert programs.calls(name)[0].argv == list(module(name).probe)


@pytest.mark.parametrize("version", ["{}0", "1{}", "{}-rc.1", "0.0.1", "{}+local", ""])
@pytest.mark.parametrize("name", OUTPUTS)
def test_any_other_version_does_not(
    name: str, version: str, programs: Programs, built: Path
) -> None:
    programs.add(name, f"print({OUTPUTS[name].format(version.format(pinned(name)))!r})")
    assert toolchain.tool(name) == built / name


@pytest.mark.parametrize("body", ["sys.exit(1)", "os.abort()"])
def test_a_program_that_cannot_tell_its_version_does_not(
    body: str, programs: Programs, built: Path
) -> None:
    programs.add("helm", body)
    assert toolchain.tool("helm") == built / "helm"


def test_a_tool_without_a_probe_is_always_built(programs: Programs, built: Path) -> None:
    programs.add("traefik", f"print({module('traefik').version!r})")
    assert toolchain.tool("traefik") == built / "traefik"
    assert programs.calls() == []


@pytest.mark.usefixtures("programs")
def test_a_tool_that_cannot_be_built_stops_the_others_with_its_own_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(pin: Module) -> Path:
        raise ToolError(f"{pin.name} could not be built.")

    monkeypatch.setattr(golang, "build", fail)
    with pytest.raises(ToolError, match=r"^helm could not be built\.$"):
        toolchain.prepare(["helm", "kind"])


def test_programs_that_call_a_tool_by_name_find_the_pinned_one_first(
    programs: Programs, built: Path
) -> None:
    programs.add("helm", "print('v0.0.1')")
    assert toolchain.path_with("helm").split(":") == [str(built), str(programs.folder)]
