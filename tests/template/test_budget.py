"""The connection budget: an install whose pools cannot all be served is refused."""

from __future__ import annotations

import math

import pytest

from tests.template.chart import Values, effective, merge, required, values_sets
from tests.template.conftest import Render
from tools.lab.helm import Helm

# The exporter's role has a limit of 3, a migration and a backup take 1 each, the superuser keeps 3.
OTHERS = 3 + 2 + 3


def needed(values: Values) -> int:
    """Return how many connections an install may open at once."""
    pooler, api = values["pooler"], values["api"]
    if pooler["enabled"]:
        # All pods of before a rollout may still drain when the new ones are there.
        return int(2 * pooler["replicas"] * pooler["poolSize"] + OTHERS)
    scaling = api["autoscaling"]
    replicas = scaling["maxReplicas"] if scaling["enabled"] else api["replicas"] or 2
    surge = math.ceil(replicas / 4)  # maxSurge 25 %; as many may still be draining
    return int((replicas + 2 * surge) * api["poolSize"] + OTHERS)


@pytest.mark.row("B2", "S19")
@pytest.mark.parametrize("name", sorted(values_sets()))
def test_connections_suffice_for_every_replica_during_a_rollout(name: str) -> None:
    values = effective(name)
    assert needed(values) <= values["db"]["maxConnections"]


@pytest.mark.row("B2")
@pytest.mark.parametrize(
    "api",
    [
        {"autoscaling": {"maxReplicas": 20}},
        {"poolSize": 40},
        {"poolSize": 7, "autoscaling": {"maxReplicas": 3}},
        {"autoscaling": {"enabled": False}},
        {"autoscaling": {"enabled": False}, "replicas": 9},
    ],
)
def test_exactly_what_is_needed_is_enough(render: Render, helm: Helm, api: Values) -> None:
    base = merge(required(), {"api": api})
    limit = needed(merge(effective("default"), {"api": api}))
    assert render(values=merge(base, {"db": {"maxConnections": limit}}))
    message = helm.refusal(values=merge(base, {"db": {"maxConnections": limit - 1}}))
    assert f"- db.maxConnections: {limit - 1} is less than the {limit} connections" in message


@pytest.mark.row("B2")
def test_the_sum_is_spelled_out(helm: Helm) -> None:
    values = {"api": {"autoscaling": {"maxReplicas": 20}}, "db": {"maxConnections": 100}}
    message = " ".join(helm.refusal(values=merge(required(), values)).split())
    assert (
        "30 pods of api (20 replicas, 5 that a rollout adds, 5 that still drain) "
        "x api.poolSize 10 = 300, and 8 for the exporter (3), jobs (2) and the superuser (3)."
    ) in message
    assert "Raise it, or lower api.poolSize or api.autoscaling.maxReplicas" in message


@pytest.mark.row("B2", "B3")
def test_an_external_server_has_a_budget_too(helm: Helm) -> None:
    values = {
        "db": {
            "mode": "external",
            "external": {"host": "pg.example.org", "cidrs": ["192.0.2.0/24"]},
            "maxConnections": 50,
        }
    }
    assert "- db.maxConnections: 50 is less" in helm.refusal(values=merge(required(), values))


@pytest.mark.row("B2", "S19")
@pytest.mark.parametrize("api", [{"poolSize": 100}, {"autoscaling": {"maxReplicas": 500}}])
def test_with_a_pooler_the_api_may_hold_more_than_the_server_has(
    render: Render, helm: Helm, api: Values
) -> None:
    assert "- db.maxConnections: 200 is less" in helm.refusal(
        values=merge(required(), {"api": api})
    )
    assert render(values=merge(required(), {"api": api, "pooler": {"enabled": True}}))


@pytest.mark.row("B2")
@pytest.mark.parametrize("pooler", [{}, {"replicas": 3}, {"poolSize": 7, "replicas": 5}])
def test_of_a_pooler_exactly_what_is_needed_is_enough(
    render: Render, helm: Helm, pooler: Values
) -> None:
    on = {"pooler": {"enabled": True, **pooler}}
    limit = needed(merge(effective("default"), on))
    assert render(values=merge(required(), on, {"db": {"maxConnections": limit}}))
    message = " ".join(
        helm.refusal(values=merge(required(), on, {"db": {"maxConnections": limit - 1}})).split()
    )
    assert f"- db.maxConnections: {limit - 1} is less than the {limit} connections" in message
    replicas, size = pooler.get("replicas", 2), pooler.get("poolSize", 20)
    assert (
        f"{2 * replicas} pods of pooler ({replicas} replicas, {replicas} that still drain) "
        f"x pooler.poolSize {size} = {limit - OTHERS}, and 8 for the exporter (3)"
    ) in message
