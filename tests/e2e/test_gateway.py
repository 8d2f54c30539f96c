"""The Gateway API: Traefik serves the HTTPRoute beside the Ingress, over TLS 1.3 only."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from tests.smoke.release import Edge
from tools import certificates, testbed
from tools import release as releases
from tools.paths import REPOSITORY
from tools.poll import until
from tools.testbed import NAMESPACE, TestBed

HOST = "gateway.disney-ai-plus.localhost"
STAGING = REPOSITORY / "values" / "staging.yaml"

pytestmark = pytest.mark.only("staging")


def gateway() -> dict[str, Any]:
    """Return a Gateway on the edge's own port, with a certificate for the host."""
    listener = {
        "name": "https",
        "protocol": "HTTPS",
        "port": 8443,  # of Traefik's entry point
        "hostname": HOST,
        "tls": {"certificateRefs": [{"name": "gateway"}]},
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "edge", "namespace": NAMESPACE},
        "spec": {"gatewayClassName": "traefik", "listeners": [listener]},
    }


@pytest.fixture
def through_the_gateway(bed: TestBed, edge: Edge, tmp_path: Any) -> Iterator[Edge]:
    """The release, reached through a Gateway instead of its Ingress."""
    issued = certificates.issue([HOST])
    testbed.secret(bed.cluster, NAMESPACE, "gateway", testbed.tls_secret(issued))
    testbed.apply(bed.cluster, gateway())
    flags = [
        *("--set", f"edge.host={HOST}", "--set", "edge.ingress.enabled=false"),
        *(
            "--set",
            "edge.httpRoute.enabled=true",
            "--set",
            "edge.httpRoute.parentRefs[0].name=edge",
        ),
    ]
    authority = tmp_path / "ca.crt"
    authority.write_text(issued.authority)
    try:
        releases.install(bed.cluster, testbed.room(bed), values=[STAGING], flags=flags)
        bed.cluster.kubectl(
            *("wait", "httproute/edge", "-n", NAMESPACE, "--timeout=60s"),
            "--for=jsonpath={.status.parents[0].conditions[?(@.type=='Accepted')].status}=True",
        )
        yield dataclasses.replace(edge, host=HOST, authority=authority)
    finally:
        releases.install(bed.cluster, testbed.room(bed), values=[STAGING])
        for name in ("gateway/edge", "secret/gateway"):
            bed.cluster.kubectl("delete", name, "-n", NAMESPACE)


@pytest.mark.row("B10", "S10")
def test_pages_and_api_come_through_the_gateway(through_the_gateway: Edge) -> None:
    url = through_the_gateway.url("/")
    with through_the_gateway.session() as session:
        # A route is accepted before the edge serves it. Answers are true if they are good ones.
        page = until(lambda: session.get(url), seconds=30, what="the edge to serve the page")
        stories = session.get(through_the_gateway.url("/v1/stories"))
    assert page.status_code == 200
    assert "<html" in page.text
    assert stories.json()["stories"]
    assert through_the_gateway.handshake(ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    with pytest.raises(ssl.SSLError):
        through_the_gateway.handshake(ssl.TLSVersion.TLSv1_2)
