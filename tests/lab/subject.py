"""The chart as the lab sees it: what to start from, and what its schema cannot say."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import Any

from tests.template import closure
from tests.template.chart import (
    CHART,
    NEWEST,
    OLDEST,
    Values,
    defaults,
    merge,
    values_of,
    values_sets,
)
from tools import addons
from tools.lab.fuzz import Subject
from tools.lab.manifests import Manifests
from tools.lab.schemas import custom_resources

RELEASE = "disney-ai-plus"
COMPONENTS = ("api", "web", "pooler", "db", "migrations", "backup", "tests")

# Kubernetes objects, of which the schema says only that they are some: its API server judges them.
AFFINITY: list[Any] = [
    {},
    {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]
            }
        }
    },
]
TOLERATIONS: list[Any] = [[], [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}]]
ENVIRONMENT: list[Any] = [
    {},
    {"LOG_LEVEL": "debug"},
    {"EMPTY": "", "QUOTED": "a \"b\" 'c': {{ d }}\n"},
    {"NODE_NAME": {"valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}},
]
VOLUMES: list[Any] = [{}, {"notes": {"emptyDir": {}}}, {"tmp": {"emptyDir": {"sizeLimit": "1Gi"}}}]
OBJECTS: list[Any] = [
    [],
    [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes"}, "data": {}}],
    ["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}-notes'}\ndata: {}\n"],
]
# Mounts are left as they are: one without its volume is a mistake that only a pair of values shows.
MOUNTS: list[Any] = [{}]

OVERRIDES: list[Any] = [
    {},
    {"HighLatency": {"for": "1h", "labels": {"severity": "page"}}},
    {"DatabaseDown": {"expr": "vector(1)", "annotations": {"summary": 'a "b" {{ $value }}\n'}}},
    {"NoSuchAlert": {"for": "1m"}},
]
EXAMPLES: dict[str, list[Any]] = {
    "monitoring.rules.overrides": OVERRIDES,
    "extraObjects": OBJECTS,
    **{f"{component}.affinity": AFFINITY for component in COMPONENTS},
    **{f"{component}.tolerations": TOLERATIONS for component in COMPONENTS},
    **{f"{component}.extraEnv": ENVIRONMENT for component in ("api", "web", "db", "migrations")},
    **{f"{component}.extraVolumes": VOLUMES for component in ("api", "web", "db")},
    **{f"{component}.extraVolumeMounts": MOUNTS for component in ("api", "web", "db")},
}


def closed(manifests: Manifests, values: dict[str, Any]) -> None:
    """Fail where an object refers to one that is not there."""
    effective = _effective(json.dumps(values))
    for check in closure.CHECKS:
        check(manifests, effective)


@lru_cache(maxsize=1)
def _effective(values: str) -> Values:
    return merge(_defaults(), json.loads(values))


@cache
def _defaults() -> Values:
    return defaults()


@cache
def subject() -> Subject:
    """Return the chart with all its sets of values."""
    return Subject(
        chart=CHART,
        # Through JSON, so that nothing is shared between places (YAML's anchors do).
        bases={
            name: json.loads(json.dumps(values_of(name))) for name in ("production", *values_sets())
        },
        kube_versions=(OLDEST, NEWEST),
        closed=closed,
        examples=EXAMPLES,
        resources=custom_resources(addons.crds()),
        release=RELEASE,
    )
