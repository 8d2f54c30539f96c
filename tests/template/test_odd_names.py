"""Names that look like numbers or booleans stay names; every render is validated by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template.chart import SUPABASE_URL, Values
from tests.template.conftest import Render
from tools.lab.manifests import WORKLOADS, Manifests

PODS: dict[str, Any] = {
    "priorityClassName": "1",
    "podLabels": {"example.org/number": "1", "example.org/truth": "true"},
    "podAnnotations": {"example.org/number": "1e3", "example.org/truth": "no"},
    "nodeSelector": {"example.org/rack": "08"},
}
PROGRAM: dict[str, Any] = {**PODS, "extraEnv": {"NUMBER": "1", "TRUTH": "yes", "NOTHING": "null"}}
IMAGE: dict[str, Any] = {"repository": "1", "tag": "2"}

ODD: Values = {
    "global": {"imagePullSecrets": [{"name": "1"}]},
    "supabase": {"url": SUPABASE_URL},
    "secrets": {
        "mode": "existing",
        "api": {"existingSecret": "1"},
        "web": {"existingSecret": "2"},
        "db": {"existingSecret": "3"},
    },
    "api": {**PROGRAM, "image": IMAGE, "metricsPath": "/a:"},
    "web": {**PROGRAM, "image": IMAGE, "probes": {"startup": {"path": "/a:"}}},
    "db": {
        **PROGRAM,
        "image": IMAGE,
        "storage": {"storageClassName": "1"},
        "tls": {"enabled": True, "secretName": "2", "issuer": {"name": "3"}},
        "settings": {"work_mem": "1", "jit": "off"},
        "exporter": {"image": IMAGE, "metricsPath": "/b:"},
    },
    "migrations": PROGRAM,
    "backup": {**PODS, "enabled": True, "storage": {"storageClassName": "1"}},
    "tests": PODS,
    "edge": {
        "host": "1",
        "routes": [{"path": "/a:", "component": "web"}],
        "ingress": {"className": "1", "annotations": {"example.org/number": "1"}},
        "httpRoute": {"enabled": True, "parentRefs": [{"name": "1", "namespace": "2"}]},
        "tls": {"secretName": "1", "issuer": {"name": "2"}},
    },
    "monitoring": {
        "dashboard": {"enabled": True, "annotations": {"example.org/number": "1"}},
        "serviceMonitors": {"enabled": True, "labels": {"example.org/number": "1"}},
        "rules": {
            "enabled": True,
            "labels": {"example.org/number": "1"},
            "overrides": {"HighLatency": {"expr": "1", "labels": {"severity": "2"}}},
        },
    },
}
EXTERNAL: Values = {
    **ODD,
    "backup": {},
    "db": {
        "mode": "external",
        "external": {
            "host": "1",
            "user": "1e3",
            "database": "0x1F",
            "pods": {"namespaceSelector": {"a": "1"}, "podSelector": {"b": "2"}},
        },
        "tls": {"caSecretName": "4"},
    },
}


@pytest.mark.row("B13")
@pytest.mark.parametrize("values", [ODD, EXTERNAL], ids=["internal", "external"])
@pytest.mark.parametrize(("release", "namespace"), [("1", "2"), ("true", "null"), ("1e3", "08")])
def test_odd_names_are_names(render: Render, values: Values, release: str, namespace: str) -> None:
    manifests = render(values=values, release=release, namespace=namespace)
    assert {m["metadata"]["namespace"] for m in manifests} == {namespace}
    labels = [pod["metadata"]["labels"] for _, pod in manifests.pods(*WORKLOADS)]
    instances = {own["app.kubernetes.io/instance"] for own in labels}
    assert instances == {release}


@pytest.mark.row("B13")
def test_odd_environments_are_texts(render: Render) -> None:
    manifests: Manifests = render(values=EXTERNAL)
    for container in manifests.containers():
        for entry in container.body.get("env", []):
            assert isinstance(entry.get("value", ""), str), f"{container} {entry['name']}"
    migrate = manifests.container("migrate", "migrate")
    assert {e["name"]: e["value"] for e in migrate["env"] if "value" in e}.items() >= {
        ("NUMBER", "1"),
        ("TRUTH", "yes"),
        ("NOTHING", "null"),
    }
