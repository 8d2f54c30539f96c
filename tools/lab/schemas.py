"""Schemas of Kubernetes' objects and of other projects' resources, strict: no unknown field.

Kubernetes' own come with the package kubernetes-validate, the others from
CustomResourceDefinitions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from tools import cache as cached
from tools.errors import ToolError


@cache
def folder(kube_version: str) -> Path:
    """Return the folder with the schemas of a Kubernetes version, like 1.34 or v1.34.2-gke.1.

    Raises:
        ToolError: there are none of this version.
    """
    spec = find_spec("kubernetes_validate")
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent / "kubernetes-json-schema"
    minor = ".".join(kube_version.removeprefix("v").split(".")[:2])
    found = home / f"v{minor}.0-local-strict"
    if not found.is_dir():
        known = sorted(path.name.split("-")[0] for path in home.glob("v*-local-strict"))
        raise ToolError(
            f"kubernetes-validate has no schemas of Kubernetes {kube_version}; it has those of "
            f"{known[0]} to {known[-1]}. Update it in pyproject.toml and run `nox -s lock`."
        )
    return found


def custom_resources(files: Iterable[Path]) -> dict[str, Any]:
    """Return the schemas of the resources that CRD files define, by "apiVersion/Kind"."""
    files = sorted(files)

    def collect(out: Path) -> None:
        found = {name: schema for path in files for name, schema in _defined(path)}
        (out / "schemas.json").write_text(json.dumps(found), encoding="utf-8")

    home = cached.entry("crd-schemas", cached.digest(Path(__file__), *files), collect)
    schemas: dict[str, Any] = json.loads((home / "schemas.json").read_text(encoding="utf-8"))
    return schemas


def _defined(path: Path) -> Iterable[tuple[str, Any]]:
    for definition in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
        spec = definition["spec"]
        for version in spec["versions"]:
            schema = _closed(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            yield f"{spec['group']}/{version['name']}/{spec['names']['kind']}", schema


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
