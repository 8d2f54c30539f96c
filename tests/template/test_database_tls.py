"""TLS between the API and the release's own database: `verify-full`, required, renewed in place."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.template.chart import CHART, merge, required, values_of
from tests.template.conftest import Render
from tools.lab.manifests import Manifests, named, secret_data

TLS = merge(required(), {"db": {"tls": {"enabled": True, "secretName": "certificate"}}})


def pg_hba(manifests: Manifests) -> str:
    """Return the access rules."""
    rules: str = manifests.one("ConfigMap", "db")["data"]["pg_hba.conf"]
    return rules


@pytest.mark.row("B8")
def test_the_server_has_the_certificate(render: Render) -> None:
    manifests = render(values=TLS)
    server = manifests.container("db", "postgres")
    assert "--ssl=on" in server["args"]
    assert "--ssl_cert_file=/etc/postgresql-tls/tls.crt" in server["args"]
    assert "--ssl_key_file=/etc/postgresql-tls/tls.key" in server["args"]
    volume = named(manifests.pod("db")["spec"]["volumes"], "certificate")["secret"]
    assert volume["secretName"] == "certificate"
    # PostgreSQL refuses a key that everybody may read; its group is the pod's.
    assert volume["defaultMode"] == 0o440
    assert {item["key"] for item in volume["items"]} == {"tls.crt", "tls.key"}


@pytest.mark.row("B8")
def test_clients_check_the_certificate_and_the_name(render: Render) -> None:
    manifests = render(values=TLS)
    url = urlsplit(secret_data(manifests.one("Secret", "api"))["DATABASE_URL"])
    assert parse_qs(url.query) == {
        "sslmode": ["verify-full"],
        "sslrootcert": ["/etc/database-ca/ca.crt"],
    }
    for component in ("api", "migrate"):
        volume = named(manifests.pod(component)["spec"]["volumes"], "database-ca")["secret"]
        assert volume["secretName"] == "certificate"
        # The key stays with the server.
        assert volume["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
        mounts = manifests.container(component, component)["volumeMounts"]
        assert named(mounts, "database-ca")["mountPath"] == "/etc/database-ca"


@pytest.mark.row("B8")
def test_backups_check_it_too(render: Render) -> None:
    manifests = render(values=merge(TLS, {"backup": {"enabled": True}}))
    for component in ("backup", "restore"):
        container = manifests.container(component, component)
        env = {entry["name"]: entry.get("value") for entry in container["env"]}
        assert env["PGSSLMODE"] == "verify-full"
        assert env["PGSSLROOTCERT"] == "/etc/database-ca/ca.crt"
        assert named(container["volumeMounts"], "database-ca")["mountPath"] == "/etc/database-ca"


@pytest.mark.row("B8")
def test_a_connection_without_tls_is_turned_away_first(render: Render) -> None:
    lines = [line.split() for line in pg_hba(render(values=TLS)).splitlines()]
    rules = [words for words in lines if words and not words[0].startswith("#")]
    assert rules[0] == ["hostnossl", "all", "all", "all", "reject"]


@pytest.mark.row("B8")
def test_the_requirement_can_come_later(render: Render) -> None:
    manifests = render(values=merge(TLS, {"db": {"tls": {"required": False}}}))
    assert "hostnossl" not in pg_hba(manifests)
    assert "--ssl=on" in manifests.container("db", "postgres")["args"]


@pytest.mark.row("B8")
def test_without_tls_there_is_nothing_of_it(render: Render) -> None:
    manifests = render()
    assert "hostnossl" not in pg_hba(manifests)
    assert not [a for a in manifests.container("db", "postgres")["args"] if a.startswith("--ssl")]
    containers = manifests.pod("db")["spec"]["containers"]
    assert [container["name"] for container in containers] == ["postgres", "exporter"]
    assert "Certificate" not in {manifest["kind"] for manifest in manifests}


@pytest.mark.row("B8")
def test_cert_manager_is_asked_for_every_name_of_the_server(render: Render) -> None:
    certificate = render(values=values_of("production")).one("Certificate", "db")
    spec = certificate["spec"]
    assert certificate["apiVersion"] == "cert-manager.io/v1"
    assert spec["secretName"] == "db-tls"
    assert spec["dnsNames"] == [
        "db",
        "db.disney-ai-plus",
        "db.disney-ai-plus.svc",
        "db.disney-ai-plus.svc.cluster.local",
    ]
    assert spec["issuerRef"] == {
        "group": "cert-manager.io",
        "kind": "ClusterIssuer",
        "name": "internal-ca",
    }
    assert spec["usages"] == ["server auth"]


@pytest.mark.row("B8")
def test_a_secret_of_the_users_is_not_asked_for(render: Render) -> None:
    assert "Certificate" not in {manifest["kind"] for manifest in render(values=TLS)}


@pytest.mark.row("B8")
def test_names_follow_the_prefix(render: Render) -> None:
    manifests = render(values=merge(values_of("production"), {"namePrefix": "blue-"}))
    spec = manifests.one("Certificate", "blue-db")["spec"]
    assert spec["secretName"] == "blue-db-tls"
    assert spec["dnsNames"][0] == "blue-db"
    volume = named(manifests.pod("api")["spec"]["volumes"], "database-ca")
    assert volume["secret"]["secretName"] == "blue-db-tls"


@pytest.mark.row("B8")
def test_a_renewed_certificate_is_read_again(render: Render) -> None:
    manifests = render(values=TLS)
    reloader = manifests.container("db", "reloader")
    assert reloader["command"] == ["sh", "/etc/reloader/reload-certificate.sh"]
    mounts = {mount["mountPath"] for mount in reloader["volumeMounts"]}
    assert mounts == {"/etc/postgresql-tls", "/etc/reloader", "/var/run/postgresql"}
    script = manifests.one("ConfigMap", "db")["data"]["reload-certificate.sh"]
    assert script == (CHART / "files/db/reload-certificate.sh").read_text(encoding="utf-8")


@pytest.mark.row("B8")
def test_production_has_it_on(render: Render) -> None:
    assert "--ssl=on" in render(values=values_of("production")).container("db", "postgres")["args"]
