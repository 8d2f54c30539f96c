"""A database outside the release: reached with `verify-full`, and only with the right authority."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tools import release, testbed
from tools.certificates import Authority
from tools.errors import ToolError
from tools.testbed import TestBed

PASSWORD = secrets.token_urlsafe(16)
# The official image's contract; a role that is no superuser owns the database.
SETUP = f"""
CREATE ROLE stories LOGIN PASSWORD '{PASSWORD}';
CREATE DATABASE stories OWNER stories;
"""
SSL = ("ssl=on", "ssl_cert_file=/certificate/tls.crt", "ssl_key_file=/certificate/tls.key")


def server(image: str) -> list[dict[str, Any]]:
    """Return a PostgreSQL server with TLS, its Service, and what it is set up with."""
    labels = {"app": "outside"}
    restricted = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {
        "name": "postgres",
        "image": image,
        "args": ["postgres", *(word for setting in SSL for word in ("-c", setting))],
        "env": [{"name": "POSTGRES_PASSWORD", "value": PASSWORD}],
        "securityContext": restricted,
        "readinessProbe": {
            "exec": {"command": ["pg_isready", "--host=127.0.0.1"]},
            "periodSeconds": 1,
        },
        "volumeMounts": [
            {"name": "data", "mountPath": "/var/lib/postgresql"},
            {"name": "certificate", "mountPath": "/certificate"},
            {"name": "setup", "mountPath": "/docker-entrypoint-initdb.d"},
            {"name": "socket", "mountPath": "/var/run/postgresql"},
        ],
    }
    pod = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 999,
            "runAsGroup": 999,
            "fsGroup": 999,
        },
        "containers": [container],
        "volumes": [
            {"name": "data", "emptyDir": {}},
            {"name": "socket", "emptyDir": {}},
            {"name": "certificate", "secret": {"secretName": "outside", "defaultMode": 0o440}},
            {"name": "setup", "configMap": {"name": "outside"}},
        ],
    }
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"setup.sql": SETUP}},
        {"apiVersion": "v1", "kind": "Pod", "spec": pod, "labels": labels},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "spec": {"selector": labels, "ports": [{"port": 5432}]},
        },
    ]


@pytest.fixture
def outside(bed: TestBed, namespace: str) -> dict[str, Any]:
    """Values for a release whose database is a server beside it."""
    authority, stranger = Authority.new(), Authority.new()
    issued = authority.issue(["outside", f"outside.{namespace}.svc"])
    for name, certificate in (("outside", issued), ("other", stranger.issue(["outside"]))):
        testbed.secret(bed.cluster, namespace, name, testbed.tls_secret(certificate))
    images = {image.component: image.reference for image in bed.images}
    for manifest in server(images.get("db", "docker.io/library/postgres:17.7")):
        labels = manifest.pop("labels", {})
        metadata = {"name": "outside", "namespace": namespace, "labels": labels}
        testbed.apply(bed.cluster, {**manifest, "metadata": metadata})
    bed.cluster.kubectl(
        "wait", "pod/outside", "-n", namespace, "--for=condition=Ready", "--timeout=90s"
    )
    values = testbed.room(bed, namespace, f"{namespace}.localhost")
    values["secrets"]["inline"]["databasePassword"] = PASSWORD
    values["db"] |= {
        "mode": "external",
        "external": {
            "host": "outside",
            "user": "stories",
            "database": "stories",
            "pods": {
                "namespaceSelector": {"kubernetes.io/metadata.name": namespace},
                "podSelector": {"app": "outside"},
            },
        },
        "tls": {"caSecretName": "outside"},
    }
    return values


@pytest.mark.row("B3", "B8", "B16")
def test_a_release_runs_on_a_server_of_the_users(
    bed: TestBed, namespace: str, outside: dict[str, Any]
) -> None:
    release.install(bed.cluster, outside, namespace=namespace)
    assert not bed.cluster.get("statefulsets", "-n", namespace)["items"]
    encrypted = bed.cluster.kubectl(
        *("exec", "outside", "-n", namespace, "--", "psql", "-U", "postgres", "-tAc"),
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
        "WHERE usename = 'stories'",
    )
    assert encrypted.strip() == "t"
    assert "accepting connections" in release.check(namespace=namespace)


@pytest.mark.row("B3", "B8")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            *({"tls": {"caSecretName": "other"}}, "unable to verify the first certificate"),
            id="another authority",
        ),
        pytest.param(
            *({"external": {"host": "outside.NAMESPACE"}}, "does not match certificate"),
            id="another name",
            marks=pytest.mark.full,
        ),
    ],
)
def test_a_server_that_cannot_prove_itself_is_not_talked_to(
    bed: TestBed, namespace: str, outside: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    for key, changes in change.items():
        for name, value in changes.items():
            outside["db"][key][name] = value.replace("NAMESPACE", namespace)
    flags = ["--set", "migrations.deadlineSeconds=3", "--set", "migrations.backoffLimit=0"]
    with pytest.raises(ToolError) as failed:
        release.install(bed.cluster, outside, namespace=namespace, flags=flags)
    assert reason in str(failed.value)
    assert PASSWORD not in str(failed.value)
