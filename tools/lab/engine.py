"""What renders charts: Helm's own engine, resident; the helm program where there is no Go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from tools.console import complain
from tools.errors import ToolError
from tools.lab.manifests import Manifests

Values = Mapping[str, Any]


class RenderError(Exception):
    """Helm refuses to render; the message is what a user would read.

    `reached` are the blocks it came through before that.
    """

    reached: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Request:
    """What `helm template` is told beside the chart; the values are JSON.

    An empty Kubernetes version means the engine's own default.
    """

    values: str
    release: str = "release"
    namespace: str = "default"
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    upgrade: bool = False

    @classmethod
    def of(cls, values: Values, **options: Any) -> Request:
        """Return the request for values as a dictionary."""
        return cls(json.dumps(values), **options)


@dataclass(frozen=True)
class Rendered:
    """The objects of a render, its notes, and the template blocks that it came through.

    `documents` are numbers made of the objects' content: equal numbers, equal objects.
    """

    manifests: Manifests
    documents: tuple[int, ...]
    reached: frozenset[int] = frozenset()
    notes: str = ""


class Engine(Protocol):
    """Renders loaded charts; see `Resident` and `Program`."""

    name: str

    def load(self, chart: Path, files: Mapping[str, str] | None = None) -> int:
        """Load a chart, some of its files replaced, and return its number."""

    def render(self, chart: int, request: Request, *, cached: bool = True) -> Rendered:
        """Return the objects.

        Raises:
            RenderError: Helm refuses.
        """

    def text(self, chart: int, request: Request) -> str:
        """Return what `helm template` prints."""

    def notes(self, chart: int, request: Request) -> str:
        """Return what `helm install` prints after an install."""

    def problems(self, rendered: Rendered, schemas: Path) -> dict[int, list[str]]:
        """Return what is wrong with objects, by their place in the render.

        `schemas` is the folder of a Kubernetes version's; see `tools.lab.schemas`.
        """

    def forget(self) -> None:
        """Drop the objects that were seen, if there are so many that it is time to."""

    def unload(self) -> None:
        """Drop all charts and objects, whoever asked for them; schemas stay."""

    def define(self, schemas: Mapping[str, Any]) -> None:
        """Take schemas of further resources, by "apiVersion/Kind"."""

    def close(self) -> None:
        """End."""


@cache
def engine(name: str = "helm") -> Engine:
    """Return the one engine of this process for a Helm of versions.toml: `helm` or `helm3`."""
    return start(name)


def start(name: str = "helm") -> Engine:
    """Start an engine of its own: the resident one, or the slower helm program without Go."""
    from tools.lab.program import Program
    from tools.lab.resident import Resident, build

    try:
        return Resident(name, build(name))
    except ToolError as error:
        complain(
            f"The resident renderer is not to be had, so every render starts {name}: "
            f"the same results, about thirty times slower. Why: {error}"
        )
        return Program(name)
