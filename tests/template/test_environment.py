"""The containers' environment: exactly the specification's tables."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.template.catalogue import internal_database
from tests.template.chart import CREDENTIALS, SUPABASE_URL, effective, merge, required
from tests.template.conftest import Render
from tools.lab.manifests import Manifests, named, secret_data

API = {
    "NODE_ENV": "production",
    "PORT": "3001",
    "DATABASE_URL": "postgresql://disney_app:p%40ss%20w%2Frd%3F%23%3A%2B%25%C3%A9@db:5432/disney_app",
    "JWT_SECRET": CREDENTIALS["jwtSecret"],
    "SUPABASE_URL": SUPABASE_URL,
    "SUPABASE_ANON_KEY": CREDENTIALS["supabaseAnonKey"],
    "DATABASE_POOL_SIZE": "10",  # tuning, beside the specification's table
}
WEB = {
    "NODE_ENV": "production",
    "PORT": "3000",
    "API_URL": "http://api:3001",
    "NEXT_PUBLIC_SUPABASE_URL": SUPABASE_URL,
    "NEXT_PUBLIC_SUPABASE_ANON_KEY": CREDENTIALS["supabaseAnonKey"],
}
SECRET = {
    "DATABASE_URL",
    "JWT_SECRET",
    "SUPABASE_ANON_KEY",
    "NEXT_PUBLIC_SUPABASE_ANON_KEY",
    "POSTGRES_PASSWORD",
    "PGPASSWORD",
}


def resolve(manifests: Manifests, container: dict[str, Any]) -> dict[str, str]:
    """Return the environment that the container sees."""
    environment = {}
    for entry in container["env"]:
        source = entry.get("valueFrom", {})
        if ref := source.get("configMapKeyRef"):
            value = manifests.one("ConfigMap", ref["name"])["data"][ref["key"]]
        elif ref := source.get("secretKeyRef"):
            value = secret_data(manifests.one("Secret", ref["name"]))[ref["key"]]
        else:
            value = entry["value"]
        environment[entry["name"]] = value
    return environment


@pytest.mark.row("S3")
@pytest.mark.parametrize(("component", "expected"), [("api", API), ("web", WEB)])
def test_environment_is_the_specified_one(
    render: Render, component: str, expected: dict[str, str]
) -> None:
    manifests = render()
    assert resolve(manifests, manifests.container(component, component)) == expected


@pytest.mark.row("S3")
def test_staging_says_so(render: Render) -> None:
    manifests = render(values=merge(required(), {"environment": "staging"}))
    for component in ("api", "web"):
        environment = resolve(manifests, manifests.container(component, component))
        assert environment["NODE_ENV"] == "staging"


@pytest.mark.row("S3")
def test_addresses_follow_prefix_and_ports(render: Render) -> None:
    values = {
        "namePrefix": "blue-",
        "api": {"port": 8080},
        "web": {"port": 8081},
        "db": {"port": 6000},
    }
    manifests = render(values=merge(required(), values))
    api = resolve(manifests, manifests.container("api", "api"))
    web = resolve(manifests, manifests.container("web", "web"))
    assert (api["PORT"], web["PORT"]) == ("8080", "8081")
    assert web["API_URL"] == "http://blue-api:8080"
    assert urlsplit(api["DATABASE_URL"]).hostname == "blue-db"
    assert urlsplit(api["DATABASE_URL"]).port == 6000


@pytest.mark.row("S3")
@pytest.mark.parametrize(
    "password", ["plain1", "a b+c", "@:/?#[]!$&'()*,;=%", "pässwörd-ключ", "\"'\\`$(x)"]
)
def test_database_url_survives_any_password(render: Render, password: str) -> None:
    secrets = {"secrets": {"inline": {"databasePassword": password}}}
    manifests = render(values=merge(required(), secrets))
    url = urlsplit(secret_data(manifests.one("Secret", "api"))["DATABASE_URL"])
    assert (url.scheme, url.hostname, url.port, url.path) == (
        "postgresql",
        "db",
        5432,
        "/disney_app",
    )
    assert url.username == "disney_app"
    assert unquote(url.password or "") == password
    assert secret_data(manifests.one("Secret", "db"))["POSTGRES_PASSWORD"] == password


@pytest.mark.row("S3")
def test_migrations_get_the_database_url_only(render: Render) -> None:
    migrate = render().container("migrate", "migrate")
    assert migrate["command"] == ["node", "src/migrate.js"]
    assert [entry["name"] for entry in migrate["env"]] == [
        "DATABASE_URL",
        "MIGRATE_DEADLINE_SECONDS",
    ]


def test_no_variable_is_set_twice(manifests: Manifests) -> None:
    for container in manifests.containers():
        names = [entry["name"] for entry in container.body.get("env", [])]
        assert len(names) == len(set(names)), str(container)


@pytest.mark.row("S13")
def test_credentials_come_from_secrets_only(manifests: Manifests, values_set: str) -> None:
    found = set()
    for container in manifests.containers():
        for entry in container.body.get("env", []):
            if entry["name"] in SECRET:
                assert entry["valueFrom"].keys() == {"secretKeyRef"}, str(container)
                found.add(entry["name"])
    internal = internal_database(effective(values_set))
    assert found - {"PGPASSWORD"} == SECRET - {"PGPASSWORD"} - (
        set() if internal else {"POSTGRES_PASSWORD"}
    )


@pytest.mark.row("B18")
@pytest.mark.parametrize(
    ("component", "container"), [("api", "api"), ("web", "web"), ("db", "postgres")]
)
def test_the_user_adds_and_overrides_variables(
    render: Render, component: str, container: str
) -> None:
    extra: dict[str, Any] = {
        "NODE_ENV": "development",
        "PGDATA": "/elsewhere",
        "ADDED": "yes",
        "NODE": {"valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    }
    manifests = render(values=merge(required(), {component: {"extraEnv": extra}}))
    env = manifests.container(component, container)["env"]
    assert named(env, "NODE_ENV") == {"name": "NODE_ENV", "value": "development"}
    assert named(env, "PGDATA") == {"name": "PGDATA", "value": "/elsewhere"}
    assert named(env, "ADDED") == {"name": "ADDED", "value": "yes"}
    assert named(env, "NODE") == {"name": "NODE", **extra["NODE"]}


def test_pool_size_is_passed_on(values_set: str, manifests: Manifests) -> None:
    config = manifests.component("ConfigMap", "api")["data"]
    assert config["DATABASE_POOL_SIZE"] == str(effective(values_set)["api"]["poolSize"])
