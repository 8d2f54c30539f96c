"""Values that are right on their own and cannot work together: all named at once, with the fix."""

from __future__ import annotations

import pytest

from tests.template.chart import Values, merge, required
from tests.template.conftest import Render
from tools.lab.helm import Helm

EXTERNAL: Values = {
    "mode": "external",
    "external": {"host": "pg.example.org", "cidrs": ["192.0.2.0/24"]},
}

# Values, the path that is named, and part of the fix.
CONTRADICTIONS: dict[str, tuple[Values, str, str]] = {
    "replicas beside an autoscaler": (
        {"api": {"replicas": 3}},
        "api.replicas",
        "set api.autoscaling.minReplicas",
    ),
    "more replicas at least than at most": (
        {"web": {"autoscaling": {"minReplicas": 11}}},
        "web.autoscaling.minReplicas",
        "more than maxReplicas, 10",
    ),
    "an autoscaler without a metric": (
        {"api": {"autoscaling": {"cpu": None, "memory": None}}},
        "api.autoscaling",
        "set one",
    ),
    "a budget that protects nothing": (
        {"web": {"pdb": {"maxUnavailable": 2}}},
        "web.pdb.maxUnavailable",
        "lower it",
    ),
    "a budget that protects nothing, without autoscaler": (
        {"api": {"autoscaling": {"enabled": False}, "replicas": 3, "pdb": {"maxUnavailable": 3}}},
        "api.pdb.maxUnavailable",
        "all of the 3 replicas",
    ),
    "a grace period that is over too soon": (
        {"api": {"drain": {"preStopSeconds": 20, "gracePeriodSeconds": 25}}},
        "api.drain.gracePeriodSeconds",
        "preStopSeconds (20)",
    ),
    "a mount of nothing": (
        {"api": {"extraVolumeMounts": {"tmp": {"mountPath": "/x"}}}},
        "api.extraVolumeMounts.tmp",
        "add it to api.extraVolumes",
    ),
    "too few connections": (
        {"api": {"poolSize": 100}},
        "db.maxConnections",
        "lower api.poolSize",
    ),
    "TLS without a certificate": (
        {"db": {"tls": {"enabled": True}}},
        "db.tls",
        "set db.tls.issuer.name for cert-manager, or db.tls.secretName",
    ),
    "one port for two in a pod": (
        {"db": {"exporter": {"port": 5432}}},
        "db.exporter.port",
        "change one",
    ),
    "an external database that no policy lets through": (
        {"db": {"mode": "external", "external": {"host": "pg.example.org"}}},
        "db.external.cidrs",
        "say where it is",
    ),
    "backups of an external database": (
        {"db": EXTERNAL, "backup": {"enabled": True}},
        "backup.enabled",
        "back up pg.example.org where it runs",
    ),
    "the own server's TLS with an external database": (
        {"db": {**EXTERNAL, "tls": {"enabled": True, "secretName": "x"}}},
        "db.tls.enabled",
        "db.external.sslMode",
    ),
    "more poolers than the server has connections for": (
        {"pooler": {"enabled": True, "replicas": 5}},
        "db.maxConnections",
        "lower pooler.poolSize or pooler.replicas",
    ),
    "a disruption budget that leaves no pooler": (
        {"pooler": {"enabled": True, "pdb": {"maxUnavailable": 2}}},
        "pooler.pdb.maxUnavailable",
        "all of the 2 replicas",
    ),
    "a pooler that does not let its clients leave": (
        {"pooler": {"enabled": True, "drain": {"gracePeriodSeconds": 24}}},
        "pooler.drain.gracePeriodSeconds",
        "preStopSeconds (5) and the longest query (10)",
    ),
    "TLS to a pooler without a certificate": (
        {"pooler": {"enabled": True}, "db": {"tls": {"enabled": True, "secretName": "x"}}},
        "pooler.tls.secretName",
        "set db.tls.issuer.name for cert-manager, or this to a Secret of yours",
    ),
    "a path that is routed twice": (
        {"edge": {"routes": [{"path": "/", "component": c} for c in ("web", "api")]}},
        "edge.routes[1].path",
        "routed to web already",
    ),
    "a change to an alert that is not there": (
        {"monitoring": {"rules": {"overrides": {"HighErorRate": {"for": "1m"}}}}},
        "monitoring.rules.overrides.HighErorRate",
        "HighErrorRate",
    ),
}
# Each with its line of the message.
MISSING: dict[str, tuple[Values, str]] = {
    "an external database without a host": (
        {"db": {"mode": "external", "external": {"cidrs": ["192.0.2.0/24"]}}},
        "db.external.host: the name of your PostgreSQL server",
    ),
    "a route without a Gateway": (
        {"edge": {"httpRoute": {"enabled": True}}},
        "edge.httpRoute.parentRefs: the Gateways that serve the route",
    ),
    "an external store without a name": (
        {"secrets": {"mode": "external"}},
        "secrets.external.store.name: the (Cluster)SecretStore to read from",
    ),
}
# How to supply what has no default.
REMEDY = """\
Either give the credentials as values (--set-string, or a values file that you keep out of version
control), or leave them out of Helm and choose where they come from:
  --set secrets.mode=existing   Secrets that you made, named api, web and db or as you say
  --set secrets.mode=sealed     SealedSecrets with values encrypted by kubeseal
  --set secrets.mode=external   ExternalSecrets, filled from your secret store
The comments at "secrets" in the chart's values.yaml say which keys each of them needs.
"""


@pytest.mark.row("B14")
@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_contradiction_is_refused_with_the_path_and_the_fix(helm: Helm, case: str) -> None:
    values, path, fix = CONTRADICTIONS[case]
    message = helm.refusal(values=merge(required(), values))
    assert "Values that cannot work:" in message
    assert [line for line in message.splitlines() if line.startswith(f"  - {path}: ")]
    assert fix in " ".join(message.split())
    assert message.count("\n  - ") == 1


@pytest.mark.row("B14")
@pytest.mark.parametrize("case", MISSING)
def test_what_a_choice_needs_is_asked_for(helm: Helm, case: str) -> None:
    values, line = MISSING[case]
    message = helm.refusal(values=merge(required(), values))
    assert "Values that must be supplied:" in message
    assert f"\n  - {line}\n" in message
    assert f"\n\n{REMEDY}" in message


@pytest.mark.row("B14")
def test_all_problems_are_reported_at_once(helm: Helm) -> None:
    values: Values = {
        "supabase": {"url": ""},
        "api": {"replicas": 3, "poolSize": 100},
        "db": {"exporter": {"port": 5432}},
        "edge": {"httpRoute": {"enabled": True}},
    }
    message = helm.refusal(values=merge(required(), values))
    paths = [line[4:].split(":")[0] for line in message.splitlines() if line.startswith("  - ")]
    assert paths == [
        "supabase.url",
        "edge.httpRoute.parentRefs",
        "api.replicas",
        "db.maxConnections",
        "db.exporter.port",
    ]


@pytest.mark.row("B14")
@pytest.mark.parametrize(
    "values",
    [
        {"api": {"autoscaling": {"enabled": False}, "replicas": 3}},
        {"api": {"autoscaling": {"memory": None}}},
        {"api": {"autoscaling": {"minReplicas": 1}, "pdb": {"maxUnavailable": 5}}},
        {"web": {"pdb": {"enabled": False, "maxUnavailable": 5}}},
        {"db": EXTERNAL},
        {
            "networkPolicy": {"enabled": False},
            "db": {"mode": "external", "external": {"host": "pg.example.org"}},
        },
        {"web": {"extraVolumeMounts": {"tmp": {"mountPath": "/elsewhere"}}}},
        # What is off contradicts nothing.
        {"pooler": {"replicas": 40, "drain": {"gracePeriodSeconds": 1}}},
        {"pooler": {"enabled": True, "drain": {"gracePeriodSeconds": 25}}},
        {"pooler": {"enabled": True, "replicas": 1, "pdb": {"maxUnavailable": 5}}},
        {
            "pooler": {"enabled": True, "tls": {"secretName": "y"}},
            "db": {"tls": {"enabled": True, "secretName": "x"}},
        },
    ],
)
def test_what_can_work_is_accepted(render: Render, values: Values) -> None:
    assert render(values=merge(required(), values))


@pytest.mark.row("B14")
@pytest.mark.parametrize("component", ["api", "web"])
@pytest.mark.parametrize(("seconds", "refused"), [(25, True), (26, False)])
def test_the_drain_is_counted_to_the_second(
    helm: Helm, component: str, seconds: int, refused: bool
) -> None:
    drain = {"drain": {"preStopSeconds": 20, "gracePeriodSeconds": seconds}}
    values = merge(required(), {component: drain})
    if refused:
        assert f"{component}.drain.gracePeriodSeconds: 25" in helm.refusal(values=values)
    else:
        assert helm.render(values=values)


@pytest.mark.row("B14")
@pytest.mark.parametrize("component", ["api", "web", "db"])
def test_the_charts_own_volumes_can_be_mounted_elsewhere(helm: Helm, component: str) -> None:
    values = merge(required(), {"db": {"tls": {"enabled": True, "secretName": "db-tls"}}})
    own = {
        mount["name"]
        for container in helm.render(values=values).pod(component)["spec"]["containers"]
        if container["name"] in (component, "postgres")
        for mount in container["volumeMounts"]
    }
    assert own
    mounts = {name: {"mountPath": f"/again/{name}"} for name in own}
    again = merge(values, {component: {"extraVolumeMounts": mounts}})
    assert helm.render(values=again, valid=False)
