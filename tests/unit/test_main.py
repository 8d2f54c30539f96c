"""The command line turns errors into sentences and exit codes, and passes on what Helm knows."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools import __main__ as command
from tools import cluster, engine, golang, release, status, testbed, toolchain
from tools.engine import Engine
from tools.errors import ToolError
from tools.testbed import TestBed

BED = TestBed(cluster.Cluster(Engine("docker"), {}, False), [])


@pytest.fixture(autouse=True)
def terminating() -> Iterator[None]:
    """Put back what SIGTERM does, which the command line changes."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command line with these words."""

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["tools", *words])
        return command.main()

    return run


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, object]]:
    """What each `up` installs, on a cluster that is there, with values files beside it."""
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    found: list[dict[str, object]] = []
    monkeypatch.setattr(testbed, "ensure", lambda: BED)
    monkeypatch.setattr(testbed, "room", lambda _: {"secrets": "here"})
    monkeypatch.setattr(status, "show", lambda _: None)
    monkeypatch.setattr(release, "install", lambda *_, **options: found.append(options))
    return found


def raising(error: BaseException) -> Callable[..., None]:
    """Return a function that fails, whatever it is given."""

    def act(*_: object, **__: object) -> None:
        raise error

    return act


@pytest.mark.parametrize(
    ("words", "module", "function"),
    [
        (["up"], testbed, "ensure"),
        (["down"], engine, "find"),
        (["lint"], toolchain, "prepare"),
        (["lock", "kubernetes"], golang, "lock"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_an_error_is_one_sentence_on_standard_error_and_exit_code_1(
    words: list[str],
    module: object,
    function: str,
    call: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(module, function, raising(ToolError("The disk is full.")))
    assert call(*words) == 1
    told = capsys.readouterr()
    assert told.err.strip() == "error: The disk is full."
    assert "The disk is full" not in told.out


def test_a_full_disk_is_one_sentence_too(
    call: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fill() -> None:
        with Path("/dev/full").open("w") as device:
            device.write("word")

    monkeypatch.setattr(testbed, "ensure", fill)
    assert call("up") == 1
    assert capsys.readouterr().err.strip().startswith("error: A disk is full.")


def test_an_interrupt_says_how_to_go_on(
    call: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(testbed, "ensure", raising(KeyboardInterrupt()))
    assert call("up") == 130
    assert "run the same command again" in capsys.readouterr().err


def test_up_installs_staging_where_no_values_are_given(
    call: Callable[..., int], installs: list[dict[str, object]]
) -> None:
    assert call("up") == 0
    assert installs == [{"values": [release.DEFAULT_VALUES], "flags": []}]
    assert release.DEFAULT_VALUES.is_file()


def test_values_files_are_collected_in_order_and_replace_the_default(
    call: Callable[..., int],
    installs: list[dict[str, object]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        Path(name).touch()
    assert call("up", "-f", "a.yaml", "--values", "b.yaml", "--values=c.yaml") == 0
    assert installs == [{"values": [Path("a.yaml"), Path("b.yaml"), Path("c.yaml")], "flags": []}]


@pytest.mark.parametrize(
    "flags",
    [
        ["--set", "api.port=3002"],
        ["--set=api.port=3002"],
        ["--debug"],
        ["--set-string", "api.podLabels.x=1", "--timeout", "1m"],
        ["--version", "1.2.3"],
        ["--set", "edge.routes[0].path=/"],
    ],
    ids=" ".join,
)
def test_helms_flags_pass_through_unchanged(
    flags: list[str], call: Callable[..., int], installs: list[dict[str, object]]
) -> None:
    assert call("up", *flags) == 0
    assert installs[0]["flags"] == flags


def test_helms_flags_and_values_may_be_mixed(
    call: Callable[..., int],
    installs: list[dict[str, object]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").touch()
    assert call("up", "--set", "a=b", "-f", "a.yaml", "--debug") == 0
    assert installs == [{"values": [Path("a.yaml")], "flags": ["--set", "a=b", "--debug"]}]


def test_a_flag_that_only_begins_like_values_is_helms(
    call: Callable[..., int], installs: list[dict[str, object]]
) -> None:
    """Helm has no `--val`, and says so itself; it must not pass for `--values` here."""
    assert call("up", "--val", "a.yaml") == 0
    assert installs == [{"values": [release.DEFAULT_VALUES], "flags": ["--val", "a.yaml"]}]


@pytest.mark.parametrize("words", [["down"], ["lint"], ["lock"]], ids=" ".join)
def test_other_commands_refuse_flags_that_they_do_not_know(
    words: list[str],
    call: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for module, function in ((engine, "find"), (toolchain, "prepare"), (golang, "lock")):
        monkeypatch.setattr(module, function, raising(AssertionError("it was done all the same")))
    with pytest.raises(SystemExit) as caught:
        call(*words, "--force")
    assert caught.value.code == 2
    assert "unknown arguments: --force" in capsys.readouterr().err


def test_help_explains_every_command(
    call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        call("--help")
    assert caught.value.code == 0
    told = capsys.readouterr().out
    for name in ("up", "down", "lint", "lock"):
        (line,) = (line for line in told.splitlines() if line.split()[:1] == [name])
        assert len(line.split()) > 3


def test_a_defect_of_the_tools_keeps_its_traceback(
    call: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testbed, "ensure", raising(KeyError("x")))
    with pytest.raises(KeyError):
        call("up")


@pytest.mark.parametrize("words", [[], ["sideways"]], ids=["none", "unknown"])
def test_no_or_an_unknown_command_is_refused(words: list[str], call: Callable[..., int]) -> None:
    with pytest.raises(SystemExit) as caught:
        call(*words)
    assert caught.value.code == 2


@pytest.fixture
def downs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `down` takes away, in order, where an engine runs."""
    found: list[str] = []

    def delete(_: Engine) -> bool:
        found.append("cluster")
        return True

    monkeypatch.setattr(engine, "find", lambda: Engine("docker"))
    monkeypatch.setattr(engine, "ensure", raising(AssertionError("an engine was started")))
    monkeypatch.setattr(cluster, "delete", delete)
    monkeypatch.setattr(engine, "stop", lambda: found.append("engine"))
    return found


def test_down_deletes_the_cluster_before_it_stops_the_engine(
    call: Callable[..., int], downs: list[str]
) -> None:
    assert call("down") == 0
    assert downs == ["cluster", "engine"]


def test_down_keeps_the_engine_of_a_cluster_that_is_not_ours(
    call: Callable[..., int], downs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "delete", raising(ToolError("This project did not make it.")))
    assert call("down") == 1
    assert downs == []


def test_down_without_an_engine_says_that_nothing_runs(
    call: Callable[..., int],
    downs: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(engine, "find", lambda: None)
    assert call("down") == 0
    assert downs == []
    assert "no container engine runs" in capsys.readouterr().out
