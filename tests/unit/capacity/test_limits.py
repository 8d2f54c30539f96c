"""What twice as many users would need: what is used without load stays, the rest doubles."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from tools.capacity import limits
from tools.capacity.figures import Component, Figures
from tools.capacity.limits import Resource

SCALED: dict[str, Any] = {
    "autoscaling": {"enabled": True, "cpu": 70, "minReplicas": 3, "maxReplicas": 20},
    "resources": {
        "requests": {"cpu": "200m", "memory": "256Mi"},
        "limits": {"cpu": "1", "memory": "256Mi"},
    },
}
VALUES = {
    "api": {**SCALED, "poolSize": 10},
    "web": SCALED,
    "db": {"resources": {"limits": {"cpu": "2", "memory": "1Gi"}}},
}


def found(figures: Figures) -> dict[str, Resource]:
    return {resource.name: resource for resource in limits.resources(figures, VALUES)}


def test_cpu_doubles_but_for_what_is_used_without_load(good: Figures) -> None:
    machine = found(good)["CPU of the machine"]
    assert machine.now == pytest.approx(1.79)
    assert machine.doubled == pytest.approx(2 * 1.79 - 0.28)
    assert (machine.share, machine.share_doubled) == pytest.approx((0.895, 1.65))
    assert found(good)["CPU of db"].doubled == pytest.approx(0.31)


def test_what_twice_as_many_users_meet_first_is_at_the_top(good: Figures) -> None:
    assert limits.resources(good, VALUES)[0].name == "CPU of the machine"
    few = replace(good, connections={"api": 12, "all": 15, "allowed": 16})
    assert limits.resources(few, VALUES)[0].name == "connections to the database"


def test_pods_are_those_that_the_autoscaler_wants(good: Figures) -> None:
    api = found(good)["api pods"]
    # 2 x 0.53 - 0.03 cores, 0.14 for each.
    assert (api.now, api.doubled, api.most) == (4, 8, 20)
    assert found(good)["web pods"].doubled == 3


@pytest.mark.parametrize(("cores", "count"), [(0, 3), (0.42, 3), (0.43, 4), (2.8, 20), (3, 22)])
def test_the_autoscaler_wants_pods_by_its_target(cores: float, count: int) -> None:
    assert limits.pods(cores, SCALED) == count


def test_memory_of_pods_that_scale_grows_with_their_number(good: Figures) -> None:
    assert found(good)["memory of api"].doubled == found(good)["memory of api"].now
    assert found(good)["memory of api"].most == 4 * 256
    assert found(good)["memory of db"].doubled == pytest.approx(0.3 * 1024)


@pytest.mark.parametrize("changed", [{"enabled": False}, {"cpu": None}])
def test_pods_that_do_not_scale_by_cpu_have_so_much_of_it(
    good: Figures, changed: dict[str, Any]
) -> None:
    values = copy.deepcopy(VALUES)
    values["api"]["autoscaling"].update(changed)
    resources = {resource.name: resource for resource in limits.resources(good, values)}
    assert "api pods" not in resources
    assert resources["CPU of api"].doubled == pytest.approx(1.03)
    assert resources["CPU of api"].most == 4
    assert resources["memory of api"].doubled > resources["memory of api"].now


def test_load_never_makes_anything_cheaper(good: Figures) -> None:
    """What is measured wavers; a component that does nothing may do less under load."""
    less = {**good.components, "db": Component(0.02, 0.01, 2e8, 1e8)}
    db = found(replace(good, components=less))["CPU of db"]
    assert db.doubled == db.now == 0.01


def test_other_values_are_other_limits(good: Figures) -> None:
    values = copy.deepcopy(VALUES)
    values["db"]["resources"]["limits"]["cpu"] = "100m"
    first = limits.resources(good, values)[0]
    assert (first.name, first.most) == ("CPU of db", 0.1)
