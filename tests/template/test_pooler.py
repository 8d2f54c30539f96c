"""PgBouncer between the API and the database: off unless asked for, and nobody notices it."""

from __future__ import annotations

import configparser
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.template.chart import CHART, CREDENTIALS, Values, effective, merge, required, values_of
from tests.template.conftest import Render
from tests.template.test_environment import resolve
from tools.lab.helm import Helm
from tools.lab.manifests import Manifests, component_of, named, secret_data
from tools.poll import until

ON: Values = merge(required(), {"pooler": {"enabled": True}})
TLS: Values = merge(
    ON,
    {
        "db": {"tls": {"enabled": True, "secretName": "server"}},
        "pooler": {"tls": {"secretName": "pool"}},
    },
)
# The longest query that the API waits for, in seconds (images/api/src/database.js).
QUERY = 10


def settings(manifests: Manifests, section: str = "pgbouncer") -> dict[str, str]:
    """Return a section of pgbouncer.ini."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=["="])
    parser.read_string(manifests.component("ConfigMap", "pooler")["data"]["pgbouncer.ini"])
    return dict(parser[section])


def urls(manifests: Manifests) -> dict[str, str]:
    """Return the URLs that the API, its migrations and the pooler get."""
    containers = {"api": "api", "migrate": "migrate", "pooler": "credentials"}
    found = {}
    for component, name in containers.items():
        (container,) = (
            c.body for c in manifests.containers() if (c.component, c.name) == (component, name)
        )
        found[component] = resolve(manifests, container)["DATABASE_URL"]
    return found


@pytest.mark.row("B2")
def test_there_is_none_unless_asked_for(render: Render) -> None:
    manifests = render()
    assert not [m for m in manifests if component_of(m) == "pooler"]
    assert "DATABASE_POOLER_URL" not in manifests.one("Secret", "api")["data"]
    assert "DATABASE_CONNECTION_SECONDS" not in manifests.one("ConfigMap", "api")["data"]


@pytest.mark.row("B2", "S17")
@pytest.mark.parametrize("stage", ["default", "staging", "production"])
def test_one_value_turns_it_on(render: Render, stage: str) -> None:
    manifests = render(values=merge(values_of(stage), {"pooler": {"enabled": True}}))
    kinds = {m["kind"] for m in manifests if component_of(m) == "pooler"}
    certificate = {"Certificate"} if stage == "production" else set()
    assert kinds == certificate | {
        *("ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget"),
        *("Service", "ServiceAccount"),
    }


@pytest.mark.row("B2", "B20")
def test_the_api_goes_to_the_pooler_and_the_migrations_to_the_server(render: Render) -> None:
    found = {name: urlsplit(url) for name, url in urls(render(values=ON)).items()}
    assert found["api"].netloc.rsplit("@", 1)[1] == "pooler:6432"
    assert found["migrate"].netloc.rsplit("@", 1)[1] == "db:5432"
    assert found["pooler"] == found["migrate"]
    for url in found.values():
        assert (url.username, url.path) == ("disney_app", "/disney_app")
        assert unquote(url.password or "") == CREDENTIALS["databasePassword"]


@pytest.mark.row("B2", "B6")
def test_backups_go_to_the_server(render: Render) -> None:
    manifests = render(values=merge(ON, {"backup": {"enabled": True}}))
    for job in ("backup", "restore"):
        env = manifests.container(job, job)["env"]
        assert named(env, "PGHOST")["value"] == "db"


@pytest.mark.row("B2", "B18")
def test_the_users_own_url_wins_as_a_whole(render: Render) -> None:
    own = {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    manifests = render(values=merge(ON, {"api": {"extraEnv": {"DATABASE_URL": own}}}))
    env = manifests.container("api", "api")["env"]
    assert named(env, "DATABASE_URL") == {"name": "DATABASE_URL", **own}


@pytest.mark.row("B2")
def test_addresses_follow_prefix_and_ports(render: Render) -> None:
    values = {"namePrefix": "blue-", "pooler": {"port": 7000}, "db": {"port": 7001}}
    manifests = render(values=merge(ON, values))
    assert urlsplit(urls(manifests)["api"]).netloc.endswith("@blue-pooler:7000")
    assert settings(manifests)["listen_port"] == "7000"
    assert settings(manifests, "databases")["*"] == "host=blue-db port=7001 dbname='disney_app'"
    (port,) = manifests.one("Service", "blue-pooler")["spec"]["ports"]
    assert port == {"name": "postgres", "port": 7000, "targetPort": "postgres"}
    (declared,) = manifests.container("pooler", "pgbouncer")["ports"]
    assert declared == {"name": "postgres", "containerPort": 7000}


@pytest.mark.row("B2")
def test_a_connection_is_shared_by_transaction_and_none_is_opened_beyond_the_budget(
    render: Render,
) -> None:
    found = settings(render(values=merge(ON, {"pooler": {"poolSize": 17}})))
    assert found["pool_mode"] == "transaction"
    # The second counts for the one user that there is, whatever a pool would have in reserve.
    assert (found["default_pool_size"], found["max_user_connections"]) == ("17", "17")


@pytest.mark.row("B2", "B9")
def test_one_replica_can_take_all_that_the_api_may_open(render: Render) -> None:
    api = {"poolSize": 30, "autoscaling": {"maxReplicas": 40}}
    found = settings(render(values=merge(ON, {"api": api})))
    assert int(found["max_client_conn"]) == (40 + 10 + 10) * 30


@pytest.mark.row("B2")
def test_settings_are_added_and_changed(render: Render) -> None:
    own = {"server_idle_timeout": "60", "query_wait_timeout": "3"}
    plain = settings(render(values=ON))
    assert plain["query_wait_timeout"] == "10"
    assert settings(render(values=merge(ON, {"pooler": {"settings": own}}))) == plain | own


@pytest.mark.row("B1", "S13")
def test_the_password_is_in_secrets_and_in_memory_only(render: Render) -> None:
    manifests = render(values=ON)
    assert CREDENTIALS["databasePassword"] not in json.dumps(manifests.one("ConfigMap", "pooler"))
    volume = named(manifests.pod("pooler")["spec"]["volumes"], "credentials")
    assert volume["emptyDir"]["medium"] == "Memory"
    (init,) = manifests.pod("pooler")["spec"]["initContainers"]
    assert init["image"] == manifests.container("api", "api")["image"]
    assert settings(manifests)["auth_file"] == "/run/pooler/userlist.txt"
    assert settings(manifests)["auth_type"] == "scram-sha-256"


@pytest.mark.row("B1", "S13")
@pytest.mark.parametrize(
    ("mode", "kind"),
    [("existing", None), ("sealed", "SealedSecret"), ("external", "ExternalSecret")],
)
def test_every_source_of_secrets_has_both_urls(render: Render, mode: str, kind: str | None) -> None:
    sources: Values = {
        "pooler": {"enabled": True},
        "secrets": {
            "api": {
                "sealed": {"DATABASE_POOLER_URL": "AgB="},
                "external": {"DATABASE_POOLER_URL": {"key": "pooler"}},
            }
        },
    }
    values_set = {"existing": "existing-secrets"}.get(mode, mode)
    manifests = render(values=merge(values_of(values_set), sources))
    name = {"existing": "disney-api"}.get(mode, "api")
    for component, container, key in (
        ("api", "api", "DATABASE_POOLER_URL"),
        ("migrate", "migrate", "DATABASE_URL"),
    ):
        env = manifests.container(component, container)["env"]
        source = named(env, "DATABASE_URL")["valueFrom"]["secretKeyRef"]
        assert source == {"name": name, "key": key}
    (init,) = manifests.pod("pooler")["spec"]["initContainers"]
    (variable,) = init["env"]
    assert variable["valueFrom"]["secretKeyRef"] == {"name": name, "key": "DATABASE_URL"}
    if kind == "SealedSecret":
        assert "DATABASE_POOLER_URL" in manifests.one(kind, "api")["spec"]["encryptedData"]
    if kind == "ExternalSecret":
        keys = {d["secretKey"] for d in manifests.one(kind, "api")["spec"]["data"]}
        assert "DATABASE_POOLER_URL" in keys


@pytest.mark.row("B1", "B13")
@pytest.mark.parametrize("mode", ["sealed", "external"])
def test_a_missing_url_is_asked_for(helm: Helm, mode: str) -> None:
    message = helm.refusal(values=merge(values_of(mode), {"pooler": {"enabled": True}}))
    assert f"- secrets.api.{mode}.DATABASE_POOLER_URL" in message
    assert message.count("\n  - ") == 1


@pytest.mark.row("B8")
def test_with_tls_both_ways_are_verified(render: Render) -> None:
    manifests = render(values=TLS)
    ways = {name: parse_qs(urlsplit(url).query) for name, url in urls(manifests).items()}
    verified = {"sslmode": ["verify-full"], "sslrootcert": ["/etc/database-ca/ca.crt"]}
    assert ways == dict.fromkeys(ways, verified)
    for component, secret in (("api", "pool"), ("pooler", "server"), ("migrate", "server")):
        volume = named(manifests.pod(component)["spec"]["volumes"], "database-ca")["secret"]
        assert volume == {"secretName": secret, "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    found = settings(manifests)
    assert found["server_tls_sslmode"] == "verify-full"
    assert found["server_tls_ca_file"] == "/etc/database-ca/ca.crt"
    assert found["client_tls_sslmode"] == "require"
    # Without it PgBouncer does not start where the image holds no authorities.
    assert found["client_tls_ca_file"] == "/run/pooler/public-authorities.crt"
    folder = named(manifests.container("pooler", "pgbouncer")["volumeMounts"], "certificate")[
        "mountPath"
    ]
    for setting, key in (("client_tls_cert_file", "tls.crt"), ("client_tls_key_file", "tls.key")):
        assert found[setting] == f"{folder}/{key}"
    certificate = named(manifests.pod("pooler")["spec"]["volumes"], "certificate")["secret"]
    assert certificate["secretName"] == "pool"
    # Only its group may read the key, and that is the pod's.
    assert certificate["defaultMode"] == 0o440
    assert manifests.pod("pooler")["spec"]["securityContext"]["fsGroup"] == 10001
    assert {item["key"] for item in certificate["items"]} == {"tls.crt", "tls.key"}


@pytest.mark.row("B8")
def test_without_tls_there_is_nothing_of_it(render: Render) -> None:
    manifests = render(values=ON)
    assert not any("sslmode" in url for url in urls(manifests).values())
    assert settings(manifests)["server_tls_sslmode"] == "disable"
    assert not [name for name in settings(manifests) if name.startswith("client_tls")]
    volumes = {volume["name"] for volume in manifests.pod("pooler")["spec"]["volumes"]}
    assert volumes == {"config", "credentials"}


@pytest.mark.row("B8")
def test_cert_manager_is_asked_for_a_certificate_of_its_own(render: Render) -> None:
    manifests = render(values=values_of("pooler"))
    spec = manifests.one("Certificate", "pooler")["spec"]
    assert spec["secretName"] == "pooler-tls"
    assert spec["dnsNames"] == [
        "pooler",
        "pooler.disney-ai-plus",
        "pooler.disney-ai-plus.svc",
        "pooler.disney-ai-plus.svc.cluster.local",
    ]
    assert spec["issuerRef"] == manifests.one("Certificate", "db")["spec"]["issuerRef"]
    own = {"pooler": {"tls": {"secretName": "mine"}}}
    assert not render(values=merge(values_of("pooler"), own)).has("Certificate", "pooler")


@pytest.mark.row("B3", "B8")
def test_an_external_server_is_proven_as_before(render: Render) -> None:
    manifests = render(values=values_of("pooler-external-database"))
    server = "host=primary.databases.svc port=5432 dbname='my stories'"
    assert settings(manifests, "databases")["*"] == server
    found = settings(manifests)
    assert found["server_tls_sslmode"] == "verify-full"
    # A public authority: those that Node.js, and with it the API, trusts.
    assert found["server_tls_ca_file"] == "/run/pooler/public-authorities.crt"
    assert (
        "public-authorities.crt" in manifests.one("ConfigMap", "pooler")["data"]["credentials.mjs"]
    )
    private = {"db": {"tls": {"caSecretName": "pg"}, "external": {"sslMode": "verify-ca"}}}
    again = render(values=merge(values_of("pooler-external-database"), private))
    assert settings(again)["server_tls_ca_file"] == "/etc/database-ca/ca.crt"
    assert settings(again)["server_tls_sslmode"] == "verify-ca"


@pytest.mark.row("B3")
@pytest.mark.parametrize("name", ["a b", "it's", "x=y;z", 'quo"ted'])
def test_a_database_may_have_any_name(render: Render, name: str) -> None:
    values = merge(values_of("pooler-external-database"), {"db": {"external": {"database": name}}})
    quoted = "'" + name.replace("'", "''") + "'"
    assert settings(render(values=values), "databases")["*"].endswith(f"dbname={quoted}")


@pytest.mark.row("B9")
def test_all_clients_have_left_before_a_pod_is_killed(
    manifests: Manifests, values_set: str
) -> None:
    """PgBouncer ends with its last client; the API renews each connection after so many seconds."""
    if not effective(values_set)["pooler"]["enabled"]:
        return
    seconds = int(manifests.component("ConfigMap", "api")["data"]["DATABASE_CONNECTION_SECONDS"])
    spec = manifests.pod("pooler")["spec"]
    pause = spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert pause[0] == "sleep"
    assert seconds >= 10
    assert int(pause[1]) + seconds + QUERY <= spec["terminationGracePeriodSeconds"]


@pytest.mark.row("B9")
def test_the_seconds_follow_the_values(render: Render) -> None:
    drain = {"preStopSeconds": 7, "gracePeriodSeconds": 100}
    manifests = render(values=merge(ON, {"pooler": {"drain": drain}}))
    data = manifests.one("ConfigMap", "api")["data"]
    assert data["DATABASE_CONNECTION_SECONDS"] == "83"
    environment = resolve(manifests, manifests.container("api", "api"))
    assert environment["DATABASE_CONNECTION_SECONDS"] == "83"
    hook = manifests.container("pooler", "pgbouncer")["lifecycle"]["preStop"]
    assert hook == {"exec": {"command": ["sleep", "7"]}}
    assert manifests.pod("pooler")["spec"]["terminationGracePeriodSeconds"] == 100


@pytest.mark.row("B9", "B11")
def test_it_is_replaced_one_by_one_and_spread(render: Render) -> None:
    manifests = render(values=ON)
    workload = manifests.workload("pooler")
    assert workload["spec"]["replicas"] == 2
    assert workload["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert manifests.one("PodDisruptionBudget", "pooler")["spec"]["maxUnavailable"] == 1
    spec = workload["spec"]["template"]["spec"]
    (constraint,) = spec["topologySpreadConstraints"]
    assert constraint["topologyKey"] == "kubernetes.io/hostname"
    assert "podAntiAffinity" in spec["affinity"]
    single = render(values=merge(ON, {"pooler": {"replicas": 1}}))
    assert not single.has("PodDisruptionBudget", "pooler")


@pytest.mark.row("B5", "S5")
def test_its_probes_open_the_port(render: Render) -> None:
    container = render(values=ON).container("pooler", "pgbouncer")
    for kind in ("startup", "readiness", "liveness"):
        assert container[f"{kind}Probe"]["tcpSocket"] == {"port": "postgres"}


@pytest.mark.row("S9")
@pytest.mark.parametrize("exclusive", [True, False])
def test_the_way_past_it_can_stay_open_for_the_pods_of_before(
    render: Render, exclusive: bool
) -> None:
    manifests = render(values=merge(ON, {"pooler": {"required": exclusive}}))
    egress = manifests.one("NetworkPolicy", "api")["spec"]["egress"]
    reached = {
        peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
        for rule in egress
        for peer in rule["to"]
        if peer.keys() == {"podSelector"}
    }
    assert reached == ({"pooler"} if exclusive else {"pooler", "db"})


CHANGES: dict[str, tuple[Values, bool]] = {
    "a setting": ({"pooler": {"settings": {"server_idle_timeout": "60"}}}, True),
    "the password": ({"secrets": {"inline": {"databasePassword": "other"}}}, True),
    "another secret of the api": ({"secrets": {"inline": {"jwtSecret": "f" * 32}}}, False),
    "the pool's size": ({"pooler": {"poolSize": 5}}, True),
    "the number of replicas": ({"pooler": {"replicas": 3}}, False),
    "a host name": ({"edge": {"host": "elsewhere.test"}}, False),
}


@pytest.mark.row("B19")
@pytest.mark.parametrize("what", CHANGES)
def test_it_restarts_when_what_it_reads_has_changed(render: Render, what: str) -> None:
    values, restarts = CHANGES[what]
    before, after = (render(values=v).pod("pooler") for v in (ON, merge(ON, values)))
    assert (before != after) == restarts


@pytest.mark.row("B19")
def test_it_says_what_it_depends_on(render: Render) -> None:
    annotations = render(values=ON).pod("pooler")["metadata"]["annotations"]
    assert annotations.keys() == {"checksum/config", "checksum/secret"}


@pytest.mark.row("B18")
@pytest.mark.parametrize("field", ["nodeSelector", "tolerations", "affinity", "priorityClassName"])
def test_scheduling_is_passed_on(render: Render, field: str) -> None:
    given = values_of("extension-points")["api"][field]
    manifests = render(values=merge(ON, {"pooler": {field: given}}))
    found = manifests.pod("pooler")["spec"][field]
    assert found.items() >= given.items() if field == "affinity" else found == given


@pytest.mark.row("S18")
def test_the_notes_say_where_its_log_is(helm: Helm) -> None:
    line = "kubectl logs -f deployment/pooler -n disney-ai-plus"
    assert line in helm.notes(values=ON)
    assert line not in helm.notes()


def test_its_secret_is_the_apis(render: Render) -> None:
    manifests = render(values=ON)
    assert {m["metadata"]["name"] for m in manifests.all("Secret")} == {"api", "web", "db"}
    assert "DATABASE_POOLER_URL" in secret_data(manifests.one("Secret", "api"))


# What it becomes, pretended: it says when it reads its files, and ends when it is told to.
PGBOUNCER = """#!/bin/sh
trap 'echo again' HUP
trap 'echo end; exit 0' TERM
echo start "$1"
while :; do sleep 0.1; done
"""


@contextmanager
def started(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run start.sh with its certificate in a folder; yield its process, and what that says."""
    script = (CHART / "files" / "pooler" / "start.sh").read_text(encoding="utf-8")
    assert "/etc/pooler-tls/" in script
    (folder / "start.sh").write_text(script.replace("/etc/pooler-tls/", f"{folder}/"))
    (folder / "pgbouncer").write_text(PGBOUNCER)
    (folder / "pgbouncer").chmod(0o755)
    environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "RELOAD_SECONDS": "0.2"}
    with (
        (folder / "said").open("wb") as said,
        subprocess.Popen(
            ["sh", str(folder / "start.sh")], env=environment, stdout=said, start_new_session=True
        ) as process,
    ):
        try:
            yield process, folder / "said"
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.row("B8", "B9")
def test_a_renewed_certificate_is_read_and_a_signal_reaches_the_program(tmp_path: Path) -> None:
    certificate = tmp_path / "tls.crt"
    certificate.write_text("one")
    with started(tmp_path) as (process, said):

        def has_said(*words: str) -> None:
            text = "".join(f"{word}\n" for word in words)
            until(lambda: said.read_text() == text, seconds=10, what=f"it to say {words}")

        has_said("start /etc/pooler/pgbouncer.ini")
        certificate.write_text("two")
        has_said("start /etc/pooler/pgbouncer.ini", "again")
        certificate.write_text("three")
        has_said("start /etc/pooler/pgbouncer.ini", "again", "again")
        process.terminate()
        assert process.wait(10) == 0
        has_said("start /etc/pooler/pgbouncer.ini", "again", "again", "end")


@pytest.mark.row("B8")
def test_without_a_certificate_it_just_runs(tmp_path: Path) -> None:
    with started(tmp_path) as (process, said):
        until(said.read_text, seconds=10, what="it to start")
        process.terminate()
        assert process.wait(10) == 0
    assert said.read_text() == "start /etc/pooler/pgbouncer.ini\nend\n"
