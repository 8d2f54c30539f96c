"""Fixtures of the image tests: the images, and servers of PostgreSQL as the chart runs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import pytest
import yaml

from tests.conftest import uncaptured
from tests.images.engine import LABEL, configuration, volume
from tests.images.server import PASSWORD, USER, VOLUME, Server
from tools import engine as engines
from tools import images, registry
from tools.engine import Engine
from tools.paths import REPOSITORY

VALUES = REPOSITORY / "charts" / "disney-ai-plus" / "values.yaml"
OWN_TITLE = "disney-ai-plus-postgres"


class NewServer(Protocol):
    """Makes a server on a new, empty volume; the caller starts it."""

    def __call__(self, *arguments: str, **env: str) -> Server:
        """Return the server; without variables it has a password for the superuser."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names another image of PostgreSQL to hold to the contract."""
    parser.getgroup("images").addoption(
        "--postgres-image", metavar="REF", help="test this image, not the one that the chart gets"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, where a registry answers, the tests of what is built only where none does.

    They do not apply there. Skipped, they would keep `nox -s publish` from releasing anything.
    """
    alone = [item for item in items if item.get_closest_marker("no_registry")]
    if alone and registry.answers():
        config.hook.pytest_deselected(items=alone)
        items[:] = [item for item in items if not item.get_closest_marker("no_registry")]


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """The container engine."""
    with uncaptured(request):
        return engines.ensure()


@pytest.fixture(scope="session")
def built(engine: Engine, request: pytest.FixtureRequest) -> dict[str, images.Image]:
    """The images that this machine builds, in the engine, by component."""
    with uncaptured(request):
        found = {
            image.component: image for image in images.build(engine, registry=registry.answers())
        }
    for image in found.values():
        image.load(engine)
    return found


@pytest.fixture(scope="session")
def postgres_image(engine: Engine, request: pytest.FixtureRequest) -> str:
    """The image of PostgreSQL: the one asked for, else the chart's, else the one we build."""
    asked: str | None = request.config.getoption("--postgres-image", default=None)
    if asked is None and not registry.answers():
        built: dict[str, images.Image] = request.getfixturevalue("built")
        return built["db"].reference
    chart = yaml.safe_load(VALUES.read_text())["db"]["image"]
    reference = asked or f"{chart['repository']}:{chart['tag']}"
    if not engine.has_image(reference):
        with uncaptured(request):
            engine.run("pull", reference)
    return reference


@pytest.fixture(scope="session")
def ours(engine: Engine, postgres_image: str) -> bool:
    """Whether the image of PostgreSQL is our own, which is stricter in places."""
    labels = configuration(engine, postgres_image).get("Labels") or {}
    return labels.get("org.opencontainers.image.title") == OWN_TITLE


@contextmanager
def servers(engine: Engine, image: str, folder: Path) -> Iterator[NewServer]:
    """Return the function that makes servers; all of them are removed at the end."""
    with ExitStack() as stack:

        def make(*arguments: str, **env: str) -> Server:
            initdb = folder / str(len(list(folder.iterdir()))) / "initdb"
            initdb.mkdir(parents=True)
            initdb.chmod(0o755)
            data = stack.enter_context(volume(engine))
            engine.run(
                *("run", "--rm", f"--label={LABEL}", "--network=none", "--user=0"),
                *(f"--volume={data}:{VOLUME}:nocopy", "--entrypoint=chown", image),
                *(f"{USER}:{USER}", VOLUME),
            )
            env = env or {"POSTGRES_PASSWORD": PASSWORD}
            server = Server(engine, image, data, initdb, arguments, env)
            stack.callback(server.remove)
            return server

        yield make


@pytest.fixture
def new_server(engine: Engine, postgres_image: str, tmp_path: Path) -> Iterator[NewServer]:
    """Return the function that makes servers for one test."""
    with servers(engine, postgres_image, tmp_path) as make:
        yield make
