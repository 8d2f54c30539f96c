"""The way in: an Ingress with TLS, on any controller."""

from __future__ import annotations

import pytest

from tests.template.chart import Values, merge, required, values_of
from tests.template.conftest import Render
from tools.lab.manifests import Manifest


def ingress(render: Render, edge: Values) -> Manifest:
    """Return the Ingress for these edge values."""
    found: Manifest = render(values=merge(required(), {"edge": edge})).all("Ingress")[0]
    return found


@pytest.mark.row("S10")
def test_by_default_one_host_leads_to_web_over_tls(render: Render) -> None:
    spec = render().one("Ingress", "edge")["spec"]
    assert spec["tls"] == [{"hosts": ["disney-ai-plus.localhost"], "secretName": "edge-tls"}]
    assert spec["rules"] == [
        {
            "host": "disney-ai-plus.localhost",
            "http": {
                "paths": [
                    {
                        "path": "/",
                        "pathType": "Prefix",
                        "backend": {"service": {"name": "web", "port": {"name": "http"}}},
                    }
                ]
            },
        }
    ]


@pytest.mark.row("S10")
def test_no_controller_is_assumed(render: Render) -> None:
    manifest = render().one("Ingress", "edge")
    assert "annotations" not in manifest["metadata"]
    assert "ingressClassName" not in manifest["spec"]


@pytest.mark.row("S10")
def test_class_host_paths_and_annotations_are_configurable(render: Render) -> None:
    manifest = render(values=values_of("api-routed")).one("Ingress", "edge")
    rule = manifest["spec"]["rules"][0]
    backends = {p["path"]: p["backend"]["service"]["name"] for p in rule["http"]["paths"]}
    assert manifest["spec"]["ingressClassName"] == "internal"
    assert rule["host"] == "stories.example.org"
    assert backends == {"/": "web", "/v1": "api"}
    assert manifest["spec"]["tls"] == [
        {"hosts": ["stories.example.org"], "secretName": "stories-tls"}
    ]
    assert manifest["metadata"]["annotations"] == {
        "example.org/team": "platform",
        "cert-manager.io/issuer": "internal-ca",
    }


@pytest.mark.row("S10")
@pytest.mark.parametrize(
    ("kind", "annotation"),
    [("ClusterIssuer", "cert-manager.io/cluster-issuer"), ("Issuer", "cert-manager.io/issuer")],
)
def test_cert_manager_is_asked_only_where_an_issuer_is_named(
    render: Render, kind: str, annotation: str
) -> None:
    issuer = {"kind": kind, "name": "ca"}
    annotated = ingress(render, {"tls": {"issuer": issuer}})["metadata"]["annotations"]
    assert annotated == {annotation: "ca"}
    plain = ingress(render, {"tls": {"enabled": False, "issuer": issuer}})
    assert "annotations" not in plain["metadata"]
    assert "tls" not in plain["spec"]


@pytest.mark.row("S10")
def test_the_user_may_override_the_issuer_annotation(render: Render) -> None:
    own = {"cert-manager.io/cluster-issuer": "mine"}
    edge = {"tls": {"issuer": {"name": "ca"}}, "ingress": {"annotations": own}}
    assert ingress(render, edge)["metadata"]["annotations"] == own


@pytest.mark.row("S10")
def test_the_certificate_of_a_prefixed_release_is_its_own(render: Render) -> None:
    values = values_of("prefix")
    spec = render(values=values).one("Ingress", "blue-edge")["spec"]
    assert spec["tls"][0]["secretName"] == "blue-edge-tls"


@pytest.mark.row("S10")
def test_production_asks_cert_manager(render: Render) -> None:
    manifest = render(values=values_of("production")).one("Ingress", "edge")
    assert manifest["metadata"]["annotations"] == {"cert-manager.io/cluster-issuer": "letsencrypt"}
    assert manifest["spec"]["tls"]


@pytest.mark.row("S10")
def test_the_ingress_can_be_left_out(render: Render) -> None:
    kinds = {manifest["kind"] for manifest in render(values=values_of("no-ingress"))}
    assert "Ingress" not in kinds
    assert "Service" in kinds
