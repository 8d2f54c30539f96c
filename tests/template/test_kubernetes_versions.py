"""Every supported Kubernetes accepts the objects, and Helm 3 renders what Helm 4 does."""

from __future__ import annotations

import copy
import json

import pytest

from tests.template.chart import (
    CHART,
    KUBERNETES,
    NEWEST,
    OLDEST,
    load_yaml,
    merge,
    required,
    values_of,
)
from tests.template.conftest import Render
from tools.lab.engine import RenderError
from tools.lab.helm import InvalidObjectsError


@pytest.mark.row("S16")
@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("stage", ["default", "staging", "production"])
def test_every_version_accepts_the_stages(render: Render, stage: str, version: str) -> None:
    assert len(render(values=values_of(stage), kube_version=version)) > 10


@pytest.mark.row("S16")
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_values_set_is_accepted(render: Render, values_set: str, version: str) -> None:
    assert len(render(values=values_of(values_set), kube_version=version)) > 10


@pytest.mark.row("S16")
def test_an_invalid_object_is_noticed(render: Render) -> None:
    """The negative control of the tests above, and of every other render."""
    wrong = copy.deepcopy(render().one("Deployment", "api"))
    wrong["spec"] |= {"replica": 1, "revisionHistoryLimit": "five"}
    with pytest.raises(InvalidObjectsError, match=r"Deployment/api /spec: .*'replica'") as refused:
        render(values=merge(required(), {"extraObjects": [wrong]}))
    assert "Deployment/api /spec/revisionHistoryLimit: " in str(refused.value)


@pytest.mark.row("B1", "B8", "B10", "B22")
@pytest.mark.parametrize(
    ("values_set", "kind"),
    [
        ("sealed", "SealedSecret"),
        ("external", "ExternalSecret"),
        ("gateway", "HTTPRoute"),
        ("production", "Certificate"),
        ("monitoring", "ServiceMonitor"),
        ("monitoring", "PrometheusRule"),
    ],
)
def test_objects_of_other_projects_are_valid_and_mistakes_noticed(
    render: Render, values_set: str, kind: str
) -> None:
    for manifest in render(values=values_of(values_set)).all(kind):
        # What Prometheus expands is none of Helm's business.
        wrong = json.loads(json.dumps(manifest).replace("{{ ", "").replace(" }}", ""))
        wrong["spec"]["unknownField"] = 1
        with pytest.raises(InvalidObjectsError, match=r"/spec: .*'unknownField'"):
            render(values=merge(required(), {"extraObjects": [wrong]}))


@pytest.mark.row("S16")
def test_a_field_from_the_future_is_noticed(render: Render) -> None:
    new = render(kube_version=NEWEST).one("Deployment", "api")
    with pytest.raises(InvalidObjectsError, match=r"/lifecycle/preStop: .*'sleep'"):
        render(values=merge(required(), {"extraObjects": [new]}), kube_version=OLDEST)


@pytest.mark.row("S16")
def test_older_clusters_are_refused(render: Render) -> None:
    assert load_yaml(CHART / "Chart.yaml")["kubeVersion"] == ">=1.25.0-0"
    with pytest.raises(RenderError, match=r"incompatible with Kubernetes v1\.24"):
        render(kube_version="1.24")


@pytest.mark.row("S16")
@pytest.mark.parametrize("version", ["1.25.16-eks-1", "1.30.5-gke.100", "1.33.2+k3s1"])
def test_vendors_versions_are_accepted(render: Render, version: str) -> None:
    minor = ".".join(version.split(".")[:2])
    assert render(kube_version=version) == render(kube_version=minor)


@pytest.mark.row("S16")
def test_helm_3_renders_what_helm_4_does(render: Render, values_set: str) -> None:
    values = values_of(values_set)
    assert render(values=values, program="helm3") == render(values=values, program="helm")


@pytest.mark.row("S16")
@pytest.mark.parametrize("version", ["1.25", "1.27", "1.30"])
def test_helm_3_tells_versions_apart_like_helm_4(render: Render, version: str) -> None:
    """Those that brought something the chart makes use of."""
    old = render(kube_version=version, program="helm3")
    assert old == render(kube_version=version, program="helm")


@pytest.mark.row("S16")
@pytest.mark.parametrize("program", ["helm", "helm3"])
def test_both_helms_read_the_schema(render: Render, program: str) -> None:
    with pytest.raises(RenderError, match="additional properties 'typo' not allowed"):
        render(values=required() | {"typo": 1}, program=program)
