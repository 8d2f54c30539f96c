"""Autoscaling: the specified numbers, up fast, down slowly, and sole owner of the replicas."""

from __future__ import annotations

import pytest

from tests.template.chart import Values, effective, merge, required, values_of
from tests.template.conftest import Render
from tools.lab.manifests import Manifests

SCALED = ("api", "web")


@pytest.mark.row("S4")
@pytest.mark.parametrize("component", SCALED)
@pytest.mark.parametrize(
    ("stage", "bounds"), [("default", (2, 10)), ("staging", (1, 3)), ("production", (3, 20))]
)
def test_bounds_are_the_specified_ones(
    render: Render, component: str, stage: str, bounds: tuple[int, int]
) -> None:
    spec = render(values=values_of(stage)).one("HorizontalPodAutoscaler", component)["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == bounds


@pytest.mark.row("S4")
@pytest.mark.parametrize("stage", ["default", "staging", "production"])
@pytest.mark.parametrize("component", SCALED)
def test_targets_are_cpu_70_and_memory_80(render: Render, component: str, stage: str) -> None:
    autoscaler = render(values=values_of(stage)).one("HorizontalPodAutoscaler", component)
    targets = {
        metric["resource"]["name"]: metric["resource"]["target"]
        for metric in autoscaler["spec"]["metrics"]
    }
    assert autoscaler["apiVersion"] == "autoscaling/v2"
    assert targets == {
        "cpu": {"type": "Utilization", "averageUtilization": 70},
        "memory": {"type": "Utilization", "averageUtilization": 80},
    }


@pytest.mark.row("S4")
def test_one_metric_can_be_switched_off(render: Render) -> None:
    values: Values = {"api": {"autoscaling": {"memory": None}}}
    autoscaler = render(values=merge(required(), values)).one("HorizontalPodAutoscaler", "api")
    assert [m["resource"]["name"] for m in autoscaler["spec"]["metrics"]] == ["cpu"]


@pytest.mark.row("S4")
@pytest.mark.parametrize("component", SCALED)
def test_up_at_once_and_down_slowly(render: Render, component: str) -> None:
    behavior = render().one("HorizontalPodAutoscaler", component)["spec"]["behavior"]
    up, down = behavior["scaleUp"], behavior["scaleDown"]
    assert up["stabilizationWindowSeconds"] == 0
    assert any(p["type"] == "Percent" and p["value"] >= 100 for p in up["policies"])
    assert down["stabilizationWindowSeconds"] >= 300
    percents = [p["value"] for p in down["policies"] if p["type"] == "Percent"]
    assert percents
    assert max(percents) <= 10


@pytest.mark.row("B12")
@pytest.mark.parametrize("component", SCALED)
def test_replicas_are_stated_only_without_an_autoscaler(
    manifests: Manifests, values_set: str, component: str
) -> None:
    values = effective(values_set)[component]
    deployment = manifests.workload(component)
    name = deployment["metadata"]["name"]
    if values["autoscaling"]["enabled"]:
        assert "replicas" not in deployment["spec"]
        assert manifests.has("HorizontalPodAutoscaler", name)
    else:
        assert deployment["spec"]["replicas"] == values["replicas"]
        assert not manifests.has("HorizontalPodAutoscaler", name)


@pytest.mark.row("B12")
def test_both_ways_of_scaling_are_among_the_values_sets(render: Render) -> None:
    """The test above takes one of two branches; both are taken by some set."""
    assert "replicas" in render(values=values_of("no-autoscaling")).one("Deployment", "api")["spec"]
    assert "replicas" not in render(values=values_of("default")).one("Deployment", "api")["spec"]
