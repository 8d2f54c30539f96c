"""The Gateway API: the same routes as the Ingress, on Gateways that the user names."""

from __future__ import annotations

import pytest

from tests.template.chart import merge, required, values_of
from tests.template.conftest import Render


@pytest.mark.row("B10")
def test_the_route_is_off_by_default(render: Render) -> None:
    assert "HTTPRoute" not in {manifest["kind"] for manifest in render()}


@pytest.mark.row("B10")
def test_the_route_is_what_the_values_say(render: Render) -> None:
    manifests = render(values=values_of("gateway"))
    route = manifests.one("HTTPRoute", "edge")
    assert route["apiVersion"] == "gateway.networking.k8s.io/v1"
    assert route["metadata"]["annotations"] == {"example.org/owner": "platform"}
    assert route["spec"] == {
        "parentRefs": [{"name": "edge", "namespace": "gateways", "sectionName": "https"}],
        "hostnames": ["disney-ai-plus.localhost"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": "web", "port": 3000}],
            },
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/v1"}}],
                "backendRefs": [{"name": "api", "port": 3001}],
            },
        ],
    }
    assert "Ingress" not in {manifest["kind"] for manifest in manifests}


@pytest.mark.row("B10")
def test_ports_and_names_follow_the_values(render: Render) -> None:
    values = {"namePrefix": "blue-", "web": {"port": 8080}, "edge": {"host": "stories.example.org"}}
    route = render(values=merge(values_of("gateway"), values)).one("HTTPRoute", "blue-edge")
    assert route["spec"]["hostnames"] == ["stories.example.org"]
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "blue-web", "port": 8080}]


@pytest.mark.row("B10")
def test_both_can_be_on(render: Render) -> None:
    manifests = render(values=merge(values_of("gateway"), {"edge": {"ingress": {"enabled": True}}}))
    assert manifests.has("Ingress", "edge")
    assert manifests.has("HTTPRoute", "edge")


@pytest.mark.row("B10")
def test_no_default_names_a_controller(render: Render) -> None:
    ingress = render(values=required()).one("Ingress", "edge")
    assert "annotations" not in ingress["metadata"]
    assert "ingressClassName" not in ingress["spec"]
