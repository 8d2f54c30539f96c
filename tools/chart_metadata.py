"""The part of Chart.yaml that is written from other files, for Artifact Hub and for scanners.

`nox -s docs` writes it: what changed in this version, from CHANGELOG.md, and the images that the
chart runs, from values.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tools import changelog
from tools.paths import CHART

TARGET = CHART / "Chart.yaml"
MARK = "  # From here on written by `nox -s docs`, from CHANGELOG.md and values.yaml.\n"


def written() -> str:
    """Return Chart.yaml with its generated annotations as they should be."""
    own = TARGET.read_text(encoding="utf-8").partition(MARK)[0]
    chart = yaml.safe_load(own)
    changes = [
        {"kind": change.kind, "description": change.description}
        for change in changelog.entry(chart["version"]).changes
    ]
    listed = [{"name": name, "image": image} for name, image in images(chart).items()]
    return own + MARK + _annotation("changes", changes) + _annotation("images", listed)


def images(chart: Mapping[str, Any]) -> dict[str, str]:
    """Return the images that the chart runs by default: reference by the path of the value."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    return {path: _reference(image, chart["appVersion"]) for path, image in sorted(_images(values))}


def _images(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    for key, value in values.items():
        if isinstance(value, dict):
            if key == "image" and "repository" in value:
                yield prefix.removesuffix("."), value
            else:
                yield from _images(value, f"{prefix}{key}.")


def _reference(image: Mapping[str, str], version: str) -> str:
    """Return an image as a container engine takes it."""
    if image["digest"]:
        return f"{image['repository']}@{image['digest']}"
    return f"{image['repository']}:{image['tag'] or version}"


def _annotation(name: str, content: object) -> str:
    """Return an annotation of Artifact Hub: YAML inside a YAML text."""
    inner = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
    indented = "".join(f"    {line}" for line in inner.splitlines(keepends=True))
    return f"  artifacthub.io/{name}: |\n{indented}"
