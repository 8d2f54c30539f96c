"""Fixtures of the template tests: the chart as helm renders it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

import pytest

from tests.template.chart import CHART, Values, values_of, values_sets
from tests.template.helm import Helm
from tests.template.manifests import Manifests


class Render(Protocol):
    """Renders the chart; see `Helm.render`."""

    def __call__(
        self,
        *,
        values: Values | None = None,
        kube_version: str = ...,
        api_versions: tuple[str, ...] = ...,
        release: str = ...,
        namespace: str = ...,
        program: str = ...,
        upgrade: bool = ...,
    ) -> Manifests:
        """Return the objects."""


@pytest.fixture(scope="session")
def helm() -> Helm:
    """Return the chart, rendered once for each set of arguments."""
    return Helm()


@pytest.fixture
def copy_of_chart(tmp_path: Path) -> Path:
    """Return a copy of the chart that a test may change."""
    return Path(shutil.copytree(CHART, tmp_path / "chart"))


@pytest.fixture
def render(helm: Helm) -> Render:
    """Return the function that renders; every call returns its own copy."""
    return helm.render


@pytest.fixture(params=sorted(values_sets()))
def values_set(request: pytest.FixtureRequest) -> str:
    """Return the name of each set of values in turn."""
    name: str = request.param
    return name


@pytest.fixture
def manifests(values_set: str, render: Render) -> Manifests:
    """Return the objects of each set of values in turn."""
    return render(values=values_of(values_set))
