"""The schema: a mistake in the values stops the install, with the path of the mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.chart import CHART, Values, defaults, merge, required
from tests.template.conftest import Render
from tools.lab.helm import Helm


def schema() -> dict[str, Any]:
    """Return the schema as it is now."""
    found: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    return found


# Values, and what the message must contain: the path in Helm's notation.
WRONG: dict[str, tuple[Values, str]] = {
    "typo at the top": ({"apii": {}}, "additional properties 'apii'"),
    "typo in a component": ({"api": {"replica": 2}}, "at '/api': additional properties 'replica'"),
    "typo in autoscaling": (
        {"web": {"autoscaling": {"minReplica": 2}}},
        "at '/web/autoscaling': additional properties 'minReplica'",
    ),
    "typo in an image": ({"db": {"image": {"tga": "17"}}}, "at '/db/image'"),
    "typo in a probe": (
        {"api": {"probes": {"liveness": {"periodSecond": 1}}}},
        "at '/api/probes/liveness'",
    ),
    "typo in secrets": ({"secrets": {"inline": {"jwt": "x"}}}, "at '/secrets/inline'"),
    "typo in a secret's key": (
        {"secrets": {"api": {"sealed": {"DATABASE_URI": "x"}}}},
        "at '/secrets/api/sealed'",
    ),
    "typo in the edge": ({"edge": {"tls": {"isuer": {}}}}, "at '/edge/tls'"),
    "typo in a route": (
        {"edge": {"routes": [{"path": "/", "componet": "web"}]}},
        "at '/edge/routes/0'",
    ),
    "typo in a policy": ({"networkPolicy": {"enable": True}}, "at '/networkPolicy'"),
    "typo in monitoring": ({"monitoring": {"rules": {"enable": True}}}, "at '/monitoring/rules'"),
    "port as a string": ({"api": {"port": "3001"}}, "at '/api/port'"),
    "port out of range": ({"db": {"port": 70000}}, "at '/db/port'"),
    "no replicas": ({"api": {"replicas": 0}}, "at '/api/replicas'"),
    "a half connection": ({"api": {"poolSize": 2.5}}, "at '/api/poolSize'"),
    "no quantity": ({"db": {"storage": {"size": "ten"}}}, "at '/db/storage/size'"),
    "unknown environment": ({"environment": "prod"}, "at '/environment'"),
    "unknown secret mode": ({"secrets": {"mode": "vault"}}, "at '/secrets/mode'"),
    "unknown pull policy": (
        {"web": {"image": {"pullPolicy": "Sometimes"}}},
        "at '/web/image/pullPolicy'",
    ),
    "the tag latest": ({"web": {"image": {"tag": "latest"}}}, "at '/web/image/tag'"),
    "a short digest": ({"api": {"image": {"digest": "sha256:12"}}}, "at '/api/image/digest'"),
    "a prefix without a dash": ({"namePrefix": "blue"}, "at '/namePrefix'"),
    "an upper-case host": ({"edge": {"host": "Example.org"}}, "at '/edge/host'"),
    "a URL as host": ({"edge": {"host": "https://example.org"}}, "at '/edge/host'"),
    "a route to the database": (
        {"edge": {"routes": [{"path": "/", "component": "db"}]}},
        "at '/edge/routes/0/component'",
    ),
    "no routes": ({"edge": {"routes": []}}, "at '/edge/routes'"),
    "a URL without scheme": ({"supabase": {"url": "abc.supabase.co"}}, "at '/supabase/url'"),
    "env as a list": (
        {"api": {"extraEnv": [{"name": "A", "value": "1"}]}},
        "at '/api/extraEnv'",
    ),
    "env with a dash": ({"api": {"extraEnv": {"A-B": "1"}}}, "at '/api/extraEnv'"),
    "env as a number": ({"api": {"extraEnv": {"A": 1}}}, "at '/api/extraEnv/A'"),
    "a setting of the chart": (
        {"db": {"settings": {"max_connections": "10"}}},
        "at '/db/settings/max_connections': value must be 'what db.maxConnections says'",
    ),
    "resources without limits": ({"api": {"resources": {"limits": None}}}, "at '/api/resources'"),
    "a component as a string": ({"db": "postgres"}, "at '/db'"),
    "unknown database mode": ({"db": {"mode": "managed"}}, "at '/db/mode'"),
    "a URL as database host": (
        {"db": {"external": {"host": "postgresql://db"}}},
        "at '/db/external/host'",
    ),
    "an address for a range": (
        {"db": {"external": {"cidrs": ["10.0.0.1"]}}},
        "at '/db/external/cidrs/0'",
    ),
    "unknown sslmode": ({"db": {"external": {"sslMode": "prefer"}}}, "at '/db/external/sslMode'"),
    "typo in the database's TLS": ({"db": {"tls": {"require": True}}}, "at '/db/tls'"),
    "unknown issuer kind": (
        {"db": {"tls": {"issuer": {"kind": "CA"}}}},
        "at '/db/tls/issuer/kind'",
    ),
    "TLS by setting": (
        {"db": {"settings": {"ssl": "on"}}},
        "at '/db/settings/ssl': value must be 'what db.tls.enabled says'",
    ),
    "a budget that blocks drains": (
        {"api": {"pdb": {"maxUnavailable": 0}}},
        "at '/api/pdb/maxUnavailable'",
    ),
    "a schedule in words": ({"backup": {"schedule": "every night"}}, "at '/backup/schedule'"),
    "a time zone by offset": ({"backup": {"timeZone": "+02:00"}}, "at '/backup/timeZone'"),
    "no backup to keep": ({"backup": {"keep": 0}}, "at '/backup/keep'"),
    "typo in backups": ({"backup": {"retention": 7}}, "at '/backup'"),
    "negative attempts": ({"migrations": {"backoffLimit": -1}}, "at '/migrations/backoffLimit'"),
    "the hook by name": ({"migrations": {"hook": "pre-upgrade"}}, "at '/migrations/hook'"),
    "a Gateway without a name": (
        {"edge": {"httpRoute": {"parentRefs": [{"namespace": "gateways"}]}}},
        "at '/edge/httpRoute/parentRefs/0'",
    ),
    "typo in the tests": ({"tests": {"enable": False}}, "at '/tests'"),
    "a component set to null": ({"web": None}, "at '': missing property 'web'"),
    "a group set to null": ({"api": {"probes": None}}, "at '/api': missing property 'probes'"),
    "a value set to null": (
        {"edge": {"tls": {"enabled": None}}},
        "at '/edge/tls': missing property 'enabled'",
    ),
}

# Optional fields that have no default, so values.yaml shows them in comments only.
WITHOUT_DEFAULT = {"enabled", "initialDelaySeconds", "successThreshold"}


@pytest.mark.row("B13")
@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_refused_with_its_path(helm: Helm, mistake: str) -> None:
    values, path = WRONG[mistake]
    message = helm.refusal(values=merge(required(), values))
    assert "values don't meet the specifications of the schema" in message
    assert path in message


@pytest.mark.row("B13")
def test_all_mistakes_are_reported_at_once(helm: Helm) -> None:
    values: Values = {"namePrefix": "blue", "api": {"port": 0}, "typo": 1}
    message = helm.refusal(values=merge(required(), values))
    for path in ("'/namePrefix'", "'/api/port'", "'typo'"):
        assert path in message


@pytest.mark.row("B13")
def test_values_that_contradict_each_other_are_reported_at_once(helm: Helm) -> None:
    values: Values = {
        "api": {"autoscaling": {"minReplicas": 11}},
        "web": {"drain": {"preStopSeconds": 30, "gracePeriodSeconds": 20}},
    }
    message = helm.refusal(values=merge(required(), values))
    assert "- api.autoscaling.minReplicas: 11 is more than maxReplicas, 10" in message
    assert "- web.drain.gracePeriodSeconds: 20 leaves no time" in message


@pytest.mark.row("B13")
@pytest.mark.parametrize("values", [{"global": {"shared": {"by": "others"}}}, {"enabled": True}])
def test_what_parent_charts_pass_down_is_accepted(render: Render, values: Values) -> None:
    assert render(values=merge(required(), values)) == render()


# Values that may be set to null: the cluster has a default of its own, or null says "off".
NULLABLE = {
    "cpu",
    "memory",
    "ephemeral-storage",
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "failureThreshold",
    "behavior",
    "scaleUp",
    "scaleDown",
}


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Return what a node refers to, or the node itself."""
    name = node.get("$ref", "").rsplit("/", 1)[-1]
    found: dict[str, Any] = schema()["definitions"][name] if name else node
    return found


def forgotten(node: dict[str, Any], values: Any, path: str = "") -> Iterator[str]:
    """Yield what has a default and may go missing all the same, so that templates would fail."""
    node = resolved(node)
    for name, inner in node.get("properties", {}).items():
        value = values.get(name) if isinstance(values, dict) else None
        if value is not None:
            if name not in node.get("required", []) and name not in NULLABLE:
                yield f"{path}.{name}".lstrip(".")
            yield from forgotten(inner, value, f"{path}.{name}")


@pytest.mark.row("B13")
def test_a_default_cannot_be_taken_away() -> None:
    """Helm drops what is set to null before it asks the schema: only `required` notices."""
    missing = [path for path in forgotten(schema(), defaults()) if "scale" not in path]
    assert missing == []


def objects(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object in the schema that lists its properties."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and node.get("type") == "object":
            yield path, node
        for key, value in node.items():
            yield from objects(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from objects(value, f"{path}/{index}")


@pytest.mark.row("B13")
def test_the_schema_is_closed_everywhere() -> None:
    found = dict(objects(schema()))
    assert len(found) > 40
    opened = {path for path, node in found.items() if node.get("additionalProperties") is not False}
    assert opened == {"/properties/global"}


@pytest.mark.row("B13")
def test_the_schema_stands_alone() -> None:
    """Draft 7, which every Helm understands, and nothing to be fetched."""
    whole = schema()
    assert whole["$schema"] == "http://json-schema.org/draft-07/schema#"
    references = {
        line.split('"')[3] for line in json.dumps(whole, indent=1).splitlines() if '"$ref"' in line
    }
    assert references
    assert all(reference.startswith("#/definitions/") for reference in references)
    assert {r.rsplit("/", 1)[1] for r in references} == whole["definitions"].keys()


def undocumented(node: dict[str, Any], values: Any, path: str = "") -> Iterator[str]:
    """Yield what the schema accepts and values.yaml does not mention."""
    for name, inner in resolved(node).get("properties", {}).items():
        if name not in values:
            yield f"{path}.{name}".lstrip(".")
        elif isinstance(values[name], dict):
            yield from undocumented(inner, values[name], f"{path}.{name}")


@pytest.mark.row("B13")
def test_every_accepted_value_is_in_values_yaml() -> None:
    missing = [
        path
        for path in undocumented(schema(), defaults())
        if path.rsplit(".", 1)[-1] not in WITHOUT_DEFAULT
        # Maps by key of the Secret; values.yaml lists the keys in a comment.
        and not path.startswith(("secrets.api.", "secrets.web.", "secrets.db."))
        # Accepted nowhere: named in the schema only to say what to use instead.
        and not path.startswith(("db.settings.", "pooler.settings."))
    ]
    assert missing == []


@pytest.mark.row("B13", "S4")
@pytest.mark.parametrize("part", ["selectPolicy", "policies", "stabilizationWindowSeconds"])
def test_a_part_of_the_scaling_rules_cannot_be_taken_away(helm: Helm, part: str) -> None:
    values = {"api": {"autoscaling": {"behavior": {"scaleUp": {part: None}}}}}
    message = helm.refusal(values=merge(required(), values))
    assert f"at '/api/autoscaling/behavior/scaleUp': missing property '{part}'" in message
