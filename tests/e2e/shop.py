"""A registry with two releases of the chart in it, published as a maintainer would."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import registry as registries
from tests.e2e.registry import Registry
from tests.publish.repository import Checkout
from tools import toolchain
from tools.paths import REPOSITORY
from tools.publish import package
from tools.publish.cosign import Signer, Trust, key_pair
from tools.publish.oras import Repository
from tools.publish.package import Package
from tools.publish.publishing import publish
from tools.testbed import TestBed

OLD, NEW = "0.0.1", "0.1.1"
HOME = "charts"
HUB = REPOSITORY / "artifacthub-repo.yml"
PASSWORD = "rehearsal"


@dataclass
class Shop:
    """The registry, both packages, who signed them, and how long each step took (seconds)."""

    registry: Registry
    old: Package
    new: Package
    signer: Signer
    trust: Trust
    times: dict[str, float]

    @property
    def home(self) -> Repository:
        """Return what the charts are published below."""
        return self.registry.repository(HOME)

    @property
    def repository(self) -> Repository:
        """Return where the chart is published."""
        return self.home.below(self.new.name)


@pytest.fixture(scope="module")
def shop(bed: TestBed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Open it for the tests of a module, logged in."""
    folder = tmp_path_factory.mktemp("registry")
    toolchain.prepare(("oras", "cosign", "helm", "registry"))
    began = time.monotonic()
    checkout = Checkout.new(folder / "repository")
    with registries.running(bed, folder) as registry, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(registry.credentials))
        patch.setenv("COSIGN_PASSWORD", PASSWORD)
        private, public = key_pair(folder, PASSWORD)
        times = {"the registry answers": time.monotonic() - began}
        signer, trust = Signer(private), Trust(public)
        made = {}
        for version in (OLD, NEW):
            checkout.version(version)
            checkout.commit(f"Release {version}")
            made[version] = package.make(checkout.path, folder / version)
            publish(made[version], registry.repository(HOME), signer, trust, HUB)
            times[f"{version} is packaged and published"] = time.monotonic() - began
        yield Shop(registry, made[OLD], made[NEW], signer, trust, times)


def released(folder: Path, version: str) -> Package:
    """Return a package of a version, made from another commit than those in the shop."""
    checkout = Checkout.new(folder / "repository")
    checkout.version(version)
    checkout.edit("charts/disney-ai-plus/values.yaml", "poolSize: 10", "poolSize: 9")
    checkout.commit("Another")
    return package.make(checkout.path, folder / "made")
