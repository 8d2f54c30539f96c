"""Validates objects against the schemas of their API, strictly: no unknown field.

Kubernetes' own come with kubernetes-validate, those of other projects from the
CustomResourceDefinitions in their Go modules (tools/versions.toml).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from kubernetes_validate import utils

from tests.template.manifests import Manifest
from tools import addons

# The package's own validator reads both files of schemas again for every object; these are kept.
jsonschema = utils.jsonschema
referencing = utils.referencing


def problems(manifest: Manifest, version: str) -> list[str]:
    """Return what a cluster of this version (like 1.25) would reject about an object."""
    kind, api_version = manifest["kind"], manifest["apiVersion"]
    validator = custom_resources().get((kind, api_version)) or _validator(
        kind, api_version, version
    )
    return [
        f"{kind}/{manifest['metadata']['name']} {error.json_path}: {error.message}"
        for error in validator.iter_errors(manifest)
    ]


@cache
def custom_resources() -> dict[tuple[str, str], Any]:
    """Return a validator for each kind and API version of the other projects."""
    found = {}
    for path in addons.crds():
        for definition in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            spec = definition["spec"]
            for version in spec["versions"]:
                schema = _closed(version["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                api_version = f"{spec['group']}/{version['name']}"
                validator = jsonschema.Draft202012Validator(schema)
                found[spec["names"]["kind"], api_version] = validator
    return found


def _closed(schema: Any) -> Any:
    """Return an OpenAPI schema as a JSON schema in which an unknown field is an error."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if closed.get("x-kubernetes-int-or-string"):
        closed["type"] = ["integer", "string"]
    known = isinstance(closed.get("properties"), dict) and closed.get("type") == "object"
    if known and not closed.get("x-kubernetes-preserve-unknown-fields"):
        closed.setdefault("additionalProperties", False)
    return closed


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
