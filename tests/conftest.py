"""Fixtures of the tests that need a cluster: the test bed and the release on it.

On its own (`nox -s smoke`) the release is whatever runs in the current kube
context and namespace. With `--install NAME` (`nox -s e2e`) every test that uses
the release runs once for each `values/NAME.yaml`, installed in the order given,
the second as an upgrade of the first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.smoke.release import Edge, Release
from tools.paths import REPORT, REPOSITORY
from tools.testbed import TestBed

OVERLAYS = Path(__file__).parent / "e2e" / "overlays"
BED = pytest.StashKey["TestBed"]()
BUNDLES = pytest.StashKey[list[Path]]()
# More would say the same and keep a broken run from its end.
MOST_BUNDLES = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that say what to test."""
    group = parser.getgroup("release")
    group.addoption("--install", action="append", default=[], help="values/NAME.yaml to install")
    group.addoption("--whole", action="store_true", help="this is all of a session's tests")
    group.addoption("--full", action="store_true", help="the long proofs, too: a backup of 1 GB")
    group.addoption("--edge-address", help="HOST:PORT to connect to instead of the Ingress's")
    group.addoption("--edge-ca", type=Path, help="certificate authority to trust (PEM)")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Write the rows that a test proves into the report, for `nox -s features`."""
    for mark in item.iter_markers("row"):
        item.user_properties += [("row", row) for row in mark.args]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that only the long run is for."""
    if not config.getoption("--full"):
        long = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that needs a release once for each one to install, or for those it names."""
    if "installed" in metafunc.fixturenames:
        names = metafunc.config.getoption("--install") or ["current"]
        if only := metafunc.definition.get_closest_marker("only"):
            names = [name for name in names if name in only.args]
        metafunc.parametrize("installed", names, indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what the namespaces of a failed test looked like, before they go."""
    report = yield
    bed = item.config.stash.get(BED, None)
    bundles = item.config.stash.setdefault(BUNDLES, [])
    if report.failed and bed and len(bundles) < MOST_BUNDLES:
        from tools import bundle, testbed

        folder = REPORT / "logs" / re.sub(r"\W+", "-", item.name).strip("-")
        given = getattr(item, "funcargs", {})
        own = (given.get(name) for name in ("namespace", "module_namespace"))
        for name in filter(None, (testbed.NAMESPACE, *own)):
            bundle.collect(bed.cluster, name, folder / name)
        bundles.append(folder)
        report.sections.append(("Log bundle", str(folder.relative_to(REPOSITORY))))
    return report


def pytest_sessionfinish() -> None:
    """Draw what the tests measured."""
    from tools.report import page

    page.write()


@pytest.fixture(scope="session", autouse=True)
def facts(
    record_testsuite_property: Callable[[str, object], None], pytestconfig: pytest.Config
) -> None:
    """Write into the report what was tested: `nox -s publish` wants all of it, for its commit."""
    from tools.publish import git

    pending = "" if not git.changes(REPOSITORY) else " with changes"
    record_testsuite_property("commit", git.head(REPOSITORY) + pending)
    record_testsuite_property("whole", json.dumps(pytestconfig.getoption("--whole")))


@pytest.fixture(scope="session")
def tools_on_path() -> Iterator[None]:
    """Let `kubectl`, as the commands are written, be the pinned one."""
    from tools import toolchain

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", toolchain.path_with("kubectl"))
        yield


@pytest.fixture(scope="session")
def bed(request: pytest.FixtureRequest) -> Iterator[TestBed]:
    """The test cluster with its add-ons and images, made or reused, as the current context."""
    from tools import cluster, testbed

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(cluster.KUBECONFIG))
        with uncaptured(request):
            found = testbed.ensure()
        request.config.stash[BED] = found
        yield found


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest, tools_on_path: None) -> str:  # noqa: ARG001 (order)
    """Install or upgrade to what `--install` names, unless that is what runs already."""
    from tools import release, testbed

    name: str = request.param
    if name != "current":
        bed: TestBed = request.getfixturevalue("bed")
        overlay = OVERLAYS / f"{name}.yaml"
        values = [REPOSITORY / "values" / f"{name}.yaml", *([overlay] if overlay.exists() else [])]
        with uncaptured(request):
            release.install(bed.cluster, testbed.room(bed), values=values)
    return name


@pytest.fixture(scope="session")
def release(installed: str) -> Release:
    """The release in the current kube context and namespace."""
    try:
        return Release.current()
    except LookupError as error:
        if installed != "current":
            raise
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def edge(release: Release, request: pytest.FixtureRequest) -> Iterator[Edge]:
    """How a user outside the cluster reaches the release."""
    with release.edge(
        request.config.getoption("--edge-address"), request.config.getoption("--edge-ca")
    ) as found:
        yield found


def uncaptured(request: pytest.FixtureRequest) -> AbstractContextManager[None]:
    """Let the progress of long work through pytest's capture."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    disabled: Callable[[], AbstractContextManager[None]] = capture.global_and_fixture_disabled
    return disabled()
