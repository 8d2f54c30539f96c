"""Fixtures of the template tests: the chart as helm renders it."""

from __future__ import annotations

from typing import Protocol

import pytest

from tests.template.chart import Values, helm_of, values_of, values_sets
from tools import addons
from tools.lab.helm import Helm
from tools.lab.manifests import Manifests
from tools.lab.plugin import watched
from tools.lab.schemas import custom_resources


class Render(Protocol):
    """Renders the chart, and validates the objects; see `Helm.render`."""

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
        valid: bool = ...,
    ) -> Manifests:
        """Return the objects."""


@pytest.fixture(scope="session")
def helm(pytestconfig: pytest.Config) -> Helm:
    """Return the chart, rendered once for each set of arguments."""
    return watched(pytestconfig, helm_of(resources=custom_resources(addons.crds())))


@pytest.fixture
def render(helm: Helm) -> Render:
    """Return the function that renders; what it returns is shared and cannot be changed."""
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
