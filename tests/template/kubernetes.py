"""Validates objects against the schemas of the Kubernetes API, strictly: no unknown field."""

from __future__ import annotations

from functools import cache
from typing import Any

from kubernetes_validate import utils

from tests.template.manifests import Manifest

# The package's own validator reads both files of schemas again for every object; these are kept.
jsonschema = utils.jsonschema
referencing = utils.referencing

# Kinds of other projects, whose schemas are not Kubernetes' own.
FOREIGN = {
    ("ServiceMonitor", "monitoring.coreos.com/v1"),
    ("PrometheusRule", "monitoring.coreos.com/v1"),
    ("SealedSecret", "bitnami.com/v1alpha1"),
    ("ExternalSecret", "external-secrets.io/v1"),
}


def problems(manifest: Manifest, version: str) -> list[str]:
    """Return what a cluster of this version (like 1.25) would reject about an object."""
    kind, api_version = manifest["kind"], manifest["apiVersion"]
    if (kind, api_version) in FOREIGN:
        return []
    return [
        f"{kind}/{manifest['metadata']['name']} {error.json_path}: {error.message}"
        for error in _validator(kind, api_version, version).iter_errors(manifest)
    ]


@cache
def _folder(version: str) -> str:
    return f"kubernetes-json-schema/v{version}.0-local-strict"


@cache
def _definitions(version: str) -> Any:
    contents = utils.schema_contents(f"{_folder(version)}/_definitions.json", version)
    return referencing.Resource.from_contents(contents)


@cache
def _validator(kind: str, api_version: str, version: str) -> Any:
    group, _, number = api_version.rpartition("/")
    prefix = f"{group.split('.')[0]}-" if group else ""
    file = f"{_folder(version)}/{kind.lower()}-{prefix}{number}.json"
    schema = utils.schema_contents(file, version)
    registry = referencing.Resource.from_contents(schema) @ referencing.Registry()
    registry = _definitions(version) @ registry
    return jsonschema.Draft202012Validator(schema, registry=registry)
