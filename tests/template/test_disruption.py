"""Rollouts, drains and lost nodes: the service stays up, and nothing blocks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template.chart import KUBERNETES, Values, effective, merge, required
from tests.template.conftest import Render
from tools.lab.manifests import Manifests

REPLICATED = ("api", "web")

# Seconds: the images' own drain, and the longest request that they promise to finish.
DRAIN, LONGEST_REQUEST = 5, 30


def at_least(version: str, minimum: str) -> bool:
    """Compare two Kubernetes versions like 1.25."""
    return int(version.split(".")[1]) >= int(minimum.split(".")[1])


@pytest.mark.row("B9")
@pytest.mark.parametrize("component", REPLICATED)
def test_capacity_never_drops_during_a_rollout(manifests: Manifests, component: str) -> None:
    assert manifests.workload(component)["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"},
    }


@pytest.mark.row("B9")
@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("component", REPLICATED)
def test_pods_wait_for_load_balancers_before_they_stop(
    render: Render, version: str, component: str
) -> None:
    container = render(kube_version=version).container(component, component)
    handler = container["lifecycle"]["preStop"]
    if at_least(version, "1.30"):
        assert handler == {"sleep": {"seconds": 5}}
    else:
        # The images have no shell: the program itself must do the waiting.
        assert handler == {"exec": {"command": ["node", "-e", "setTimeout(() => {}, 5 * 1000)"]}}


@pytest.mark.row("B9")
@pytest.mark.parametrize("component", REPLICATED)
def test_there_is_time_to_finish_requests(
    manifests: Manifests, values_set: str, component: str
) -> None:
    pre_stop = effective(values_set)[component]["drain"]["preStopSeconds"]
    grace = manifests.pod(component)["spec"]["terminationGracePeriodSeconds"]
    assert grace > pre_stop + DRAIN + LONGEST_REQUEST


@pytest.mark.row("S11", "B11")
@pytest.mark.parametrize("component", REPLICATED)
def test_a_budget_exists_where_it_cannot_block_a_drain(
    manifests: Manifests, values_set: str, component: str
) -> None:
    values = effective(values_set)[component]
    lowest = (
        values["autoscaling"]["minReplicas"]
        if values["autoscaling"]["enabled"]
        else values["replicas"]
    )
    name = f"{effective(values_set)['namePrefix']}{component}"
    assert manifests.has("PodDisruptionBudget", name) == (lowest > 1)
    if lowest > 1:
        spec = manifests.one("PodDisruptionBudget", name)["spec"]
        assert spec["maxUnavailable"] == 1
        assert "minAvailable" not in spec


@pytest.mark.row("B11")
@pytest.mark.parametrize("component", REPLICATED)
@pytest.mark.parametrize("replicas", [1, 2])
def test_one_replica_has_no_budget(render: Render, component: str, replicas: int) -> None:
    fixed = {component: {"replicas": replicas, "autoscaling": {"enabled": False}}}
    scaled = {component: {"autoscaling": {"minReplicas": replicas}}}
    for values in (fixed, scaled):
        manifests = render(values=merge(required(), values))
        assert manifests.has("PodDisruptionBudget", component) == (replicas > 1)


@pytest.mark.row("S11")
@pytest.mark.parametrize("component", REPLICATED)
def test_a_budget_can_be_switched_off(render: Render, component: str) -> None:
    manifests = render(values=merge(required(), {component: {"pdb": {"enabled": False}}}))
    assert not manifests.has("PodDisruptionBudget", component)


@pytest.mark.row("B11")
def test_the_database_has_no_budget(manifests: Manifests) -> None:
    selectors = [
        manifest["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
        for manifest in manifests
        if manifest["kind"] == "PodDisruptionBudget"
    ]
    assert "db" not in selectors


@pytest.mark.row("B11")
@pytest.mark.parametrize("version", KUBERNETES)
def test_broken_pods_do_not_block_a_drain(render: Render, version: str) -> None:
    for budget in render(kube_version=version).all("PodDisruptionBudget"):
        policy = budget["spec"].get("unhealthyPodEvictionPolicy")
        assert policy == ("AlwaysAllow" if at_least(version, "1.27") else None)


@pytest.mark.row("B11")
@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("component", REPLICATED)
def test_replicas_spread_over_nodes(render: Render, version: str, component: str) -> None:
    """By the one constraint: with another, nodes without its label would not be told apart.

    https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
    """
    manifests = render(kube_version=version)
    (constraint,) = manifests.pod(component)["spec"]["topologySpreadConstraints"]
    assert constraint["topologyKey"] == "kubernetes.io/hostname"
    assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
    assert constraint["labelSelector"] == manifests.workload(component)["spec"]["selector"]
    keys = constraint.get("matchLabelKeys")
    assert keys == (["pod-template-hash"] if at_least(version, "1.27") else None)


@pytest.mark.row("B11")
@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("component", REPLICATED)
def test_replicas_spread_over_zones(render: Render, version: str, component: str) -> None:
    manifests = render(kube_version=version)
    (preferred,) = spread_over_zones(manifests.pod(component)["spec"])
    term = preferred["podAffinityTerm"]
    assert term["topologyKey"] == "topology.kubernetes.io/zone"
    assert term["labelSelector"] == manifests.workload(component)["spec"]["selector"]
    keys = term.get("matchLabelKeys")
    assert keys == (["pod-template-hash"] if at_least(version, "1.31") else None)


def spread_over_zones(spec: dict[str, Any]) -> Any:
    """Return what a pod prefers not to be near."""
    return spec["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]


@pytest.mark.row("B11")
@pytest.mark.parametrize("component", REPLICATED)
def test_spreading_can_be_switched_off(render: Render, component: str) -> None:
    values = {component: {"topologySpread": {"enabled": False}}}
    spec = render(values=merge(required(), values)).pod(component)["spec"]
    assert not {"topologySpreadConstraints", "affinity"} & spec.keys()


@pytest.mark.row("B11", "B18")
@pytest.mark.parametrize("component", REPLICATED)
def test_the_users_affinity_is_merged_into_it_and_wins(render: Render, component: str) -> None:
    nodes: Values = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    pods: Values = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    for given, zones in ((nodes, 1), (pods, 0)):
        values = {component: {"affinity": given}}
        spec = render(values=merge(required(), values)).pod(component)["spec"]
        assert spec["affinity"].items() >= given.items()
        assert len(spread_over_zones(spec)) == zones


@pytest.mark.row("B11")
@pytest.mark.parametrize("component", REPLICATED)
def test_how_many_may_be_away_is_the_users_choice(render: Render, component: str) -> None:
    values = {component: {"autoscaling": {"minReplicas": 4}, "pdb": {"maxUnavailable": 3}}}
    budget = render(values=merge(required(), values)).one("PodDisruptionBudget", component)
    assert budget["spec"]["maxUnavailable"] == 3
