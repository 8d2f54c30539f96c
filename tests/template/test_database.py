"""The database: its data survives, and it stops and starts as PostgreSQL wants to."""

from __future__ import annotations

import re

import pytest

from tests.template.catalogue import internal_database
from tests.template.chart import (
    CHART,
    KUBERNETES,
    effective,
    merge,
    required,
    values_of,
    values_sets,
)
from tests.template.conftest import Render
from tools.lab.manifests import Manifest, Manifests, named
from tools.quantities import MIB, postgres_size

# Bytes a second that even a poor volume writes.
SLOW_DISK = 10 * MIB


@pytest.fixture(params=sorted(s for s in values_sets() if internal_database(effective(s))))
def values_set(request: pytest.FixtureRequest) -> str:
    """Return the name of each set of values with a server of the release's own."""
    name: str = request.param
    return name


def settings(manifests: Manifests) -> dict[str, str]:
    """Return the settings on the server's command line."""
    args = manifests.container("db", "postgres")["args"]
    assert args[0] == "postgres"
    return dict(argument.removeprefix("--").split("=", 1) for argument in args[1:])


def environment(manifests: Manifests, container: str = "postgres") -> dict[str, str]:
    """Return the literal environment variables of a container of the database's pod."""
    env = manifests.container("db", container)["env"]
    return {entry["name"]: entry["value"] for entry in env if "value" in entry}


def claim(manifests: Manifests) -> Manifest:
    """Return the template of the volume claim."""
    templates = manifests.workload("db")["spec"]["volumeClaimTemplates"]
    assert len(templates) == 1
    found: Manifest = templates[0]
    return found


@pytest.mark.row("S7")
def test_one_server_with_ten_gibibytes_and_an_exporter(render: Render) -> None:
    manifests = render()
    spec = manifests.one("StatefulSet", "db")["spec"]
    assert spec["replicas"] == 1
    assert spec["serviceName"] == "db"
    assert claim(manifests)["spec"]["resources"]["requests"]["storage"] == "10Gi"
    assert [c["name"] for c in spec["template"]["spec"]["containers"]] == ["postgres", "exporter"]


@pytest.mark.row("S7")
def test_kubectl_exec_finds_the_server_first(render: Render) -> None:
    """`kubectl exec db-0 -- pg_isready` and `kubectl logs statefulset/db` take the first one."""
    assert render().pod("db")["spec"]["containers"][0]["name"] == "postgres"


@pytest.mark.row("S7")
def test_storage_is_configurable(render: Render) -> None:
    values = {"db": {"storage": {"size": "50Gi", "storageClassName": "fast"}}}
    spec = claim(render(values=merge(required(), values)))["spec"]
    assert spec["resources"]["requests"]["storage"] == "50Gi"
    assert spec["storageClassName"] == "fast"
    assert "storageClassName" not in claim(render())["spec"]


@pytest.mark.row("B7")
def test_what_is_immutable_is_frozen(render: Render) -> None:
    labels = {
        "app.kubernetes.io/name": "disney-ai-plus",
        "app.kubernetes.io/instance": "disney-ai-plus",
        "app.kubernetes.io/component": "db",
    }
    spec = render().one("StatefulSet", "db")["spec"]
    assert {key: spec[key] for key in ("serviceName", "podManagementPolicy", "selector")} == {
        "serviceName": "db",
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": labels},
    }
    assert spec["volumeClaimTemplates"] == [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "labels": labels},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "10Gi"}},
            },
        }
    ]


@pytest.mark.row("B7")
@pytest.mark.parametrize("version", KUBERNETES)
def test_the_volume_outlives_the_release(render: Render, version: str) -> None:
    spec = render(kube_version=version).one("StatefulSet", "db")["spec"]
    policy = spec.get("persistentVolumeClaimRetentionPolicy")
    if version in {"1.25", "1.26"}:
        assert policy is None  # not there yet; claims are always kept
    else:
        assert policy == {"whenDeleted": "Retain", "whenScaled": "Retain"}


@pytest.mark.row("S7")
def test_the_data_is_on_the_volume(manifests: Manifests, values_set: str) -> None:
    mounts = manifests.container("db", "postgres")["volumeMounts"]
    data = named(mounts, "data")["mountPath"]
    assert data == "/var/lib/postgresql"
    assert environment(manifests)["PGDATA"] == f"{data}/17/docker", values_set


@pytest.mark.row("B4")
def test_each_major_has_a_folder_of_its_own(render: Render) -> None:
    db = {"major": 18, "image": {"tag": "18.1"}}
    manifests = render(values=merge(required(), {"db": db}))
    for container in ("guard", "postgres"):
        found = environment(manifests, container)
        assert found["PGDATA"] == "/var/lib/postgresql/18/docker"
        assert found["PGMAJOR"] == "18"


@pytest.mark.row("B5")
def test_pages_have_checksums(manifests: Manifests) -> None:
    assert "--data-checksums" in environment(manifests)["POSTGRES_INITDB_ARGS"].split()


@pytest.mark.row("B5")
def test_shutdown_is_fast_with_any_image(manifests: Manifests) -> None:
    """SIGTERM alone is the smart shutdown, which waits for the clients until SIGKILL."""
    hook = manifests.container("db", "postgres")["lifecycle"]["preStop"]
    assert hook == {"exec": {"command": ["sh", "-c", "kill -INT 1"]}}


@pytest.mark.row("B5")
def test_there_is_time_for_the_last_checkpoint(manifests: Manifests) -> None:
    grace = manifests.pod("db")["spec"]["terminationGracePeriodSeconds"]
    dirty = postgres_size(settings(manifests)["shared_buffers"])
    assert grace > 1.5 * dirty / SLOW_DISK


@pytest.mark.row("S7")
def test_settings_are_passed_to_the_server(render: Render) -> None:
    values = {
        "db": {"maxConnections": 323, "settings": {"work_mem": "8MB", "shared_buffers": "1GB"}}
    }
    found = settings(render(values=merge(required(), values)))
    assert found["max_connections"] == "323"
    assert found["work_mem"] == "8MB"
    assert found["shared_buffers"] == "1GB"
    assert found["hba_file"] == "/etc/postgresql/pg_hba.conf"


@pytest.mark.row("S7")
def test_the_port_is_the_servers_and_its_clients(render: Render) -> None:
    manifests = render(values=merge(required(), {"db": {"port": 6000}}))
    assert environment(manifests)["PGPORT"] == "6000"
    exporter = manifests.container("db", "exporter")
    assert " port=6000 " in named(exporter["env"], "DATA_SOURCE_NAME")["value"]


@pytest.mark.row("S15")
def test_logs_go_to_standard_error_in_a_form_machines_read(manifests: Manifests) -> None:
    found = settings(manifests)
    assert not found.keys() & {"logging_collector", "log_destination", "log_directory"}
    assert re.fullmatch(r"(\w+=(\S+|\"[^\"]+\") )+", found["log_line_prefix"])


@pytest.mark.row("S7")
def test_the_exporter_needs_no_password(manifests: Manifests) -> None:
    exporter = manifests.container("db", "exporter")
    source = named(exporter["env"], "DATA_SOURCE_NAME")["value"]
    assert "user=disney_exporter host=/var/run/postgresql" in source
    assert "password" not in source
    mounts = {m["name"]: m["mountPath"] for m in exporter["volumeMounts"]}
    assert mounts == {"socket": "/var/run/postgresql"}


@pytest.mark.row("S7")
def test_the_chart_decides_who_connects(render: Render) -> None:
    manifests = render()
    config = manifests.one("ConfigMap", "db")["data"]
    for name, text in config.items():
        assert text == (CHART / "files" / "db" / name).read_text(encoding="utf-8")
    assert config.keys() == {"alone.sh", "guard.sh", "initdb.sh", "pg_hba.conf"}
    rules = [
        line.split() for line in config["pg_hba.conf"].splitlines() if line[:1] not in ("", "#")
    ]
    network = [rule for rule in rules if rule[0] == "host"]
    assert network == [
        ["host", "all", "postgres", "all", "reject"],
        ["host", "disney_app", "disney_app", "all", "scram-sha-256"],
        ["host", "all", "all", "all", "reject"],
    ]
    assert {rule[-1] for rule in rules if rule[0] == "local"} == {"trust"}


@pytest.mark.row("S7")
def test_the_scripts_are_where_the_image_looks(manifests: Manifests) -> None:
    mounts = manifests.container("db", "postgres")["volumeMounts"]
    assert named(mounts, "initdb")["mountPath"] == "/docker-entrypoint-initdb.d"
    assert named(mounts, "access")["mountPath"] == "/etc/postgresql"
    volumes = manifests.pod("db")["spec"]["volumes"]
    initdb = named(volumes, "initdb")["configMap"]
    assert initdb["items"] == [{"key": "initdb.sh", "path": "initdb.sh"}]
    assert initdb["defaultMode"] & 0o111 == 0o111


@pytest.mark.row("S7")
def test_the_servers_name_stays_while_it_is_away_or_recovers(render: Render) -> None:
    for name in ("default", "prefix"):
        service = render(values=values_of(name)).component("Service", "db")
        assert "clusterIP" not in service["spec"]
        assert service["spec"]["publishNotReadyAddresses"] is True
