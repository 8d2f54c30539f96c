"""Names and labels: the specification's kubectl commands work as written, and nothing collides."""

from __future__ import annotations

import pytest

from tests.template.catalogue import CATALOGUE, expected
from tests.template.chart import COMPONENTS, effective, merge, required
from tests.template.conftest import Render
from tools.lab.manifests import RUNNERS, WORKLOADS, Manifests, component_of

SELECTOR = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"}


@pytest.mark.row("S1")
def test_what_runs_is_in_the_catalogue(manifests: Manifests, values_set: str) -> None:
    """So that no component escapes a property: the tests take them from there."""
    values = effective(values_set)
    runners = {(component_of(w), w["kind"]) for w in manifests.all(*RUNNERS)}
    assert runners - {("stranger", "Pod")} == {
        (name, component.kind) for name, component in expected(values).items()
    }
    names = {w["metadata"]["name"] for w in manifests.all(*WORKLOADS)}
    serving = {name for name, component in expected(values).items() if component.serves}
    assert names == {values["namePrefix"] + name for name in serving}


@pytest.mark.row("S1")
def test_containers_are_in_the_catalogue(manifests: Manifests) -> None:
    for container in manifests.containers():
        if container.component != "stranger":
            component = CATALOGUE[container.component]
            assert container.name in component.users, str(container)
            assert container.init == (container.name in component.init), str(container)


@pytest.mark.row("S1")
@pytest.mark.parametrize(
    ("component", "ports"),
    [("api", {3001}), ("web", {3000}), ("db", {5432, 9187})],
)
def test_components_listen_on_the_specified_ports(
    render: Render, component: str, ports: set[int]
) -> None:
    manifests = render()
    service = manifests.one("Service", component)
    containers = manifests.pod(component)["spec"]["containers"]
    assert {port["port"] for port in service["spec"]["ports"]} == ports
    assert {p["containerPort"] for c in containers for p in c["ports"]} == ports


@pytest.mark.row("S2")
@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize(
    "kind", ["Service", "ConfigMap", "Secret", "NetworkPolicy", "ServiceAccount"]
)
def test_every_component_has_its_objects(render: Render, component: str, kind: str) -> None:
    assert render().has(kind, component)


@pytest.mark.row("S1")
def test_a_prefix_keeps_two_releases_apart(render: Render) -> None:
    here = render(release="green")
    there = render(values=merge(required(), {"namePrefix": "blue-"}), release="blue")
    assert len(here) == len(there)
    assert not set(here.names()) & set(there.names())


@pytest.mark.row("S1")
def test_two_releases_select_different_pods(render: Render) -> None:
    selectors = [
        sorted(workload["spec"]["selector"]["matchLabels"].items())
        for release in ("green", "blue")
        for workload in render(release=release).all(*WORKLOADS)
    ]
    assert len(selectors) == 2 * len(COMPONENTS)
    assert all(selectors.count(selector) == 1 for selector in selectors)


def test_no_object_is_rendered_twice(manifests: Manifests) -> None:
    assert sorted(manifests.names()) == sorted(set(manifests.names()))


def test_every_object_is_in_the_release_namespace(render: Render) -> None:
    for manifest in render(namespace="stories"):
        assert manifest["metadata"]["namespace"] == "stories"


@pytest.mark.row("B7")
def test_selectors_are_frozen(manifests: Manifests) -> None:
    """They are immutable: one label more, and no upgrade works any longer."""
    for workload in manifests.all(*WORKLOADS):
        labels = workload["spec"]["selector"]["matchLabels"]
        assert labels.keys() == SELECTOR
        assert labels["app.kubernetes.io/name"] == "disney-ai-plus"
        assert labels["app.kubernetes.io/instance"] == "disney-ai-plus"
        assert labels.items() <= workload["spec"]["template"]["metadata"]["labels"].items()
