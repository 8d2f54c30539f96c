"""A database outside the release: the API reaches it, and nothing of ours is left over."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.template.chart import CREDENTIALS, Values, merge, required, values_of
from tests.template.conftest import Render
from tools.lab.manifests import Manifests, component_of, named, secret_data


def external(**changes: Any) -> Values:
    """Return values with a database outside the release."""
    server = {"host": "pg.example.org", "cidrs": ["192.0.2.0/24"], **changes}
    return merge(required(), {"db": {"mode": "external", "external": server}})


def url(manifests: Manifests) -> str:
    """Return the connection URL that the API gets."""
    return secret_data(manifests.one("Secret", "api"))["DATABASE_URL"]


@pytest.mark.row("B3")
def test_the_release_has_no_server_of_its_own(render: Render) -> None:
    manifests = render(values=values_of("external-database"))
    left = [m for m in manifests if component_of(m) == "db"]
    assert left == []
    assert "StatefulSet" not in {m["kind"] for m in manifests}
    assert {m["metadata"]["name"] for m in manifests.all("Secret")} == {"api", "web"}


@pytest.mark.row("B3")
def test_the_url_leads_to_the_server(render: Render) -> None:
    parts = urlsplit(
        url(render(values=external(port=6432, user="st/ories", database="my stories")))
    )
    assert (parts.hostname, parts.port) == ("pg.example.org", 6432)
    assert unquote(parts.username or "") == "st/ories"
    assert unquote(parts.password or "") == CREDENTIALS["databasePassword"]
    assert unquote(parts.path) == "/my stories"


@pytest.mark.row("B3")
@pytest.mark.parametrize("mode", ["disable", "require", "verify-ca", "verify-full"])
def test_the_server_is_asked_for_proof(render: Render, mode: str) -> None:
    query = parse_qs(urlsplit(url(render(values=external(sslMode=mode)))).query)
    assert query == ({} if mode == "disable" else {"sslmode": [mode]})


@pytest.mark.row("B3")
def test_nobody_is_trusted_unless_told(render: Render) -> None:
    assert urlsplit(url(render(values=external()))).query == "sslmode=verify-full"


@pytest.mark.row("B3", "B8")
@pytest.mark.parametrize("component", ["api", "migrate"])
def test_a_private_authority_reaches_every_client(render: Render, component: str) -> None:
    manifests = render(values=values_of("external-database"))
    assert parse_qs(urlsplit(url(manifests)).query)["sslrootcert"] == ["/etc/database-ca/ca.crt"]
    volume = named(manifests.pod(component)["spec"]["volumes"], "database-ca")
    assert volume["secret"] == {
        "secretName": "database-authority",
        "items": [{"key": "ca.crt", "path": "ca.crt"}],
    }
    mount = named(manifests.container(component, component)["volumeMounts"], "database-ca")
    assert mount == {"name": "database-ca", "mountPath": "/etc/database-ca", "readOnly": True}


@pytest.mark.row("B3")
def test_no_metrics_of_a_server_that_is_not_ours(render: Render) -> None:
    values = merge(external(), {"monitoring": {"serviceMonitors": {"enabled": True}}})
    monitors = render(values=values).all("ServiceMonitor")
    assert {m["metadata"]["name"] for m in monitors} == {"api", "web"}


@pytest.mark.row("B3")
@pytest.mark.parametrize("mode", ["existing", "sealed", "external"])
def test_only_the_secrets_that_are_read_are_asked_for(render: Render, mode: str) -> None:
    values = merge(values_of("sealed"), values_of("external"), external())
    values["secrets"]["mode"] = mode
    values["secrets"].pop("db", None)
    assert render(values=values)


@pytest.mark.row("B3", "S9")
@pytest.mark.parametrize("component", ["api", "migrate", "test"])
def test_clients_may_reach_its_addresses_and_its_pods(render: Render, component: str) -> None:
    policy = render(values=values_of("external-database")).one("NetworkPolicy", component)
    (rule,) = [r for r in policy["spec"]["egress"] if r["ports"][0]["port"] == 6432]
    assert rule["to"] == [
        {"ipBlock": {"cidr": "10.20.0.0/16"}},
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "databases"}},
            "podSelector": {"matchLabels": {"role": "primary"}},
        },
    ]
