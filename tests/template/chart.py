"""What the tests know about the chart: where it is, its components and its sets of values."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tools import paths
from tools.lab.frozen import copied
from tools.lab.helm import Helm
from tools.lab.helm import merge as merge  # the tests take it from here

Values = dict[str, Any]

CHART: Final = paths.CHART
VALUES_FOLDER: Final = paths.REPOSITORY / "values"
COMPONENTS: Final = ("api", "web", "db")
KUBERNETES: Final = tuple(f"1.{minor}" for minor in range(25, 38))
OLDEST, NEWEST = KUBERNETES[0], KUBERNETES[-1]

SUPABASE_URL: Final = "https://abcdefghijklmnop.supabase.co"
CREDENTIALS: Final[dict[str, str]] = {
    "databasePassword": "p@ss w/rd?#:+%é",
    "jwtSecret": "0123456789abcdef0123456789abcdef",
    "supabaseAnonKey": "anonymous-0123456789",
}


def required() -> Values:
    """Return the least that an install must supply."""
    return {"supabase": {"url": SUPABASE_URL}, "secrets": {"inline": dict(CREDENTIALS)}}


def helm_of(**options: Any) -> Helm:
    """Return the chart, which renders the least possible where no values are given."""
    name = "disney-ai-plus"
    return Helm(CHART, base=required, kube_version=NEWEST, release=name, namespace=name, **options)


def load_yaml(path: Path) -> Any:
    """Read one YAML document."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@cache
def _read(path: Path) -> Any:
    return load_yaml(path)


def defaults() -> Values:
    """Return the chart's values.yaml."""
    values: Values = copied(_read(CHART / "values.yaml"))
    return values


@cache
def values_sets() -> dict[str, Path]:
    """Return every set of values that the chart is tested with, by name."""
    features = {
        path.name.removesuffix("-values.yaml"): path
        for path in (CHART / "ci").glob("*-values.yaml")
    }
    stages = {path.stem: path for path in VALUES_FOLDER.glob("*.yaml")}
    if not features or not stages or features.keys() & stages.keys():
        raise LookupError(
            f"values are missing or named twice: {sorted(features)}, {sorted(stages)}"
        )
    return dict(sorted((features | stages).items()))


def values_of(name: str) -> Values:
    """Return one set of values, complete enough to render."""
    path = values_sets()[name]
    return merge(required() if path.parent == VALUES_FOLDER else {}, _read(path))


def effective(name: str) -> Values:
    """Return one set of values on top of the defaults: what the templates see."""
    return merge(defaults(), values_of(name))


def network_edges() -> list[dict[str, Any]]:
    """Return the table of who may reach whom."""
    edges: list[dict[str, Any]] = copied(_read(CHART / "files" / "network-edges.yaml")["edges"])
    return edges
