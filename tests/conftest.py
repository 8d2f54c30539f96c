"""Fixtures that smoke and e2e share: the test bed, and installing a release on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.testbed import TestBed

OVERLAYS = Path(__file__).parent / "e2e" / "overlays"


@pytest.fixture(scope="session")
def bed(request: pytest.FixtureRequest) -> Iterator[TestBed]:
    """The test cluster with its add-ons and images, made or reused, as the current context."""
    from tools import cluster, testbed

    capture = request.config.pluginmanager.getplugin("capturemanager")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(cluster.KUBECONFIG))
        with capture.global_and_fixture_disabled():
            found = testbed.ensure()
        yield found


@pytest.fixture(scope="session")
def install(bed: TestBed, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Install or upgrade to `values/NAME.yaml`, with the overlay that shrinks it to the machine."""
    from tools import release, testbed
    from tools.paths import REPOSITORY

    capture = request.config.pluginmanager.getplugin("capturemanager")

    def run(name: str) -> None:
        overlay = OVERLAYS / f"{name}.yaml"
        values = [REPOSITORY / "values" / f"{name}.yaml", *([overlay] if overlay.exists() else [])]
        with capture.global_and_fixture_disabled():
            release.install(bed.cluster, testbed.room(bed), values=values)

    return run
