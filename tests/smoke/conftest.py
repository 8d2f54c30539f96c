"""Fixtures of the smoke tests: the release to test and how to reach it.

On its own (`nox -s smoke`) the release is whatever runs in the current kube
context and namespace. With `--install NAME` (`nox -s e2e`) every test runs
once for each `values/NAME.yaml`, installed in the order given, the second as
an upgrade of the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.smoke.release import Edge, Release
from tools import toolchain


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that say what to test."""
    group = parser.getgroup("smoke")
    group.addoption("--install", action="append", default=[], help="values/NAME.yaml to install")
    group.addoption("--edge-address", help="HOST:PORT to connect to instead of the Ingress's")
    group.addoption("--edge-ca", type=Path, help="certificate authority to trust (PEM)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that needs a release once for each one to install."""
    if "installed" in metafunc.fixturenames:
        names = metafunc.config.getoption("--install") or ["current"]
        metafunc.parametrize("installed", names, indirect=True, scope="session")


@pytest.fixture(scope="session", autouse=True)
def tools_on_path() -> Iterator[None]:
    """Let `kubectl`, as the commands are written, be the pinned one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", toolchain.environment()["PATH"])
        yield


@pytest.fixture(scope="session")
def installed(
    request: pytest.FixtureRequest,
    tools_on_path: None,  # noqa: ARG001 (order)
) -> str:
    """Install what `--install` names, unless the release is the current one."""
    name: str = request.param
    if name != "current":
        install = request.getfixturevalue("install")
        install(name)
    return name


@pytest.fixture(scope="session")
def release(installed: str) -> Release:  # noqa: ARG001 (order)
    """The release in the current kube context and namespace."""
    return Release.current()


@pytest.fixture(scope="session")
def edge(release: Release, request: pytest.FixtureRequest) -> Iterator[Edge]:
    """How a user outside the cluster reaches the release."""
    with release.edge(
        request.config.getoption("--edge-address"), request.config.getoption("--edge-ca")
    ) as found:
        yield found
