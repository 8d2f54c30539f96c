"""What kube-score is told to leave alone, and nothing else."""

from __future__ import annotations

import pytest

from tests.template.catalogue import CATALOGUE
from tests.template.chart import merge, required
from tests.template.conftest import Render
from tools.lab.manifests import RUNNERS, component_of, pod_template

PULL, BUDGET = "container-image-pull-policy", "deployment-has-poddisruptionbudget"
USER, PROBES = "container-security-context-user-group-id", "pod-probes-identical"
EXPECTED = {
    "api": {PULL},
    "web": {PULL, PROBES},
    "pooler": {PULL, PROBES},
    "db": {
        *(PULL, USER, PROBES),
        *("statefulset-has-poddisruptionbudget", "statefulset-has-servicename"),
    },
    "migrate": {PULL},
    "backup": {PULL, USER},
    "restore": {PULL, USER},
    "stranger": {PULL, "pod-networkpolicy"},
}


@pytest.mark.row("S12")
def test_waivers(render: Render) -> None:
    values = {"backup": {"enabled": True}, "pooler": {"enabled": True}}
    manifests = render(values=merge(required(), values))
    seen = set()
    for manifest in manifests.all(*RUNNERS):
        component = component_of(manifest)
        ignored = set(manifest["metadata"]["annotations"]["kube-score/ignore"].split(","))
        if component == "test":
            user = pod_template(manifest)["spec"]["securityContext"]["runAsUser"]
            assert ignored == ({PULL, USER} if user == 999 else {PULL})
        else:
            assert ignored == EXPECTED[component], component
        seen.add(component)
    assert seen == {*CATALOGUE, "stranger"}


@pytest.mark.row("S11")
@pytest.mark.parametrize(("lowest", "waived"), [(1, True), (2, False)])
def test_a_budget_is_missed_where_there_is_none(render: Render, lowest: int, waived: bool) -> None:
    values = {"api": {"autoscaling": {"minReplicas": lowest}}}
    api = render(values=merge(required(), values)).one("Deployment", "api")
    ignored = set(api["metadata"]["annotations"]["kube-score/ignore"].split(","))
    assert ignored == ({PULL, BUDGET} if waived else {PULL})
