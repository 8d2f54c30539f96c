"""A chart as Helm renders it: each set of arguments once, every object valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tools import cache as cached
from tools.lab import schemas
from tools.lab.engine import Engine, Rendered, RenderError, Request, Values, engine
from tools.lab.frozen import copied
from tools.lab.manifests import Manifests
from tools.lab.template import plain

Key = tuple[str, str, Request]
# Told of every render that is asked for, those from the cache included, and of whether it is the
# notes that are asked for.
Observer = Callable[[Key, "Rendered | RenderError", bool], None]


# Of every chart in this process; what comes of a request depends on nothing but the key.
_kept: dict[Key, Rendered | RenderError] = {}


class InvalidObjectsError(AssertionError):
    """An API server of the version that was rendered for would refuse some objects."""


@dataclass
class Helm:
    """A chart, and what has been rendered of it.

    `base` gives the values of a render that names none; `kube_version` is the version of one
    that names none; `resources` are schemas of what is not Kubernetes' own (`Engine.define`).
    What is rendered is kept by the chart's content, the engine and the request, and cannot be
    changed. The chart is read once: later changes to it are not looked for.
    """

    chart: Path
    base: Callable[[], Values] = dict
    kube_version: str = "1.37"
    release: str = "release"
    namespace: str = "default"
    files: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict, repr=False)
    observers: list[Observer] = field(default_factory=list, repr=False)
    start: Callable[[str], Engine] = field(default=engine, repr=False)
    keep: bool = True
    content: str = field(default="", init=False)
    _loaded: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Note which chart this is."""
        self.content = cached.digest(self.chart, dict(self.files))

    def source(self, file: str) -> str:
        """Return the text of one of the chart's files."""
        return self.files.get(file) or (self.chart / file).read_text(encoding="utf-8")

    def changed(self, files: Mapping[str, str]) -> Helm:
        """Return the same chart with some files replaced."""
        return replace(self, files={**self.files, **files})

    def render(
        self,
        *,
        values: Values | None = None,
        kube_version: str = "",
        api_versions: tuple[str, ...] = (),
        release: str = "",
        namespace: str = "",
        program: str = "helm",
        upgrade: bool = False,
        valid: bool = True,
    ) -> Manifests:
        """Return the objects of an install or upgrade.

        Raises:
            RenderError: Helm refuses.
            InvalidObjectsError: Kubernetes would refuse some objects; not with `valid=False`.
        """
        request = self._request(values, kube_version, api_versions, release, namespace, upgrade)
        rendered = self.rendered(request, program)
        if valid:
            self._validate(program, rendered, request.kube_version)
        return rendered.manifests

    def notes(self, *, values: Values | None = None, namespace: str = "") -> str:
        """Return what a user reads after an install."""
        request = self._request(values, namespace=namespace)
        rendered = self.rendered(request, notes=True)
        return rendered.notes or self.start("helm").notes(self._number("helm"), request)

    def text(self, *, values: Values | None = None, program: str = "helm", **options: Any) -> str:
        """Return what `helm template` prints."""
        request = self._request(values, **options)
        self.rendered(request, program)
        return self.start(program).text(self._number(program), request)

    def refusal(self, *, values: Values, **options: Any) -> str:
        """Return the message with which helm refuses these values."""
        try:
            self.render(values=values, **options)
        except RenderError as error:
            return str(error)
        raise AssertionError(f"helm accepts {values}")

    def _request(
        self,
        values: Values | None,
        kube_version: str = "",
        api_versions: tuple[str, ...] = (),
        release: str = "",
        namespace: str = "",
        upgrade: bool = False,
    ) -> Request:
        return Request.of(
            self.base() if values is None else values,
            release=release or self.release,
            namespace=namespace or self.namespace,
            kube_version=kube_version or self.kube_version,
            api_versions=api_versions,
            upgrade=upgrade,
        )

    def rendered(self, request: Request, program: str = "helm", *, notes: bool = False) -> Rendered:
        """Return what comes of a request, asked for its objects or its notes.

        Raises:
            RenderError: Helm refuses.
        """
        key = (self.content, self.start(program).name, request)
        found = _kept.get(key) if self.keep else None
        if found is None:
            try:
                found = self.start(program).render(self._number(program), request)
            except RenderError as error:
                found = error
            _kept[key] = found
        for observer in self.observers:
            observer(key, found, notes)
        if isinstance(found, RenderError):
            raise RenderError(str(found))  # a new one: each carries the traceback of its test
        return found

    def _number(self, program: str) -> int:
        if program not in self._loaded:
            files = self.files
            if program != "helm":
                files = {file: plain(text) for file, text in files.items()}
            self.start(program).define(self.resources)
            self._loaded[program] = self.start(program).load(self.chart, files)
        return self._loaded[program]

    def _validate(self, program: str, rendered: Rendered, kube_version: str) -> None:
        problems = self.start(program).problems(rendered, schemas.folder(kube_version))
        if problems:
            told = "\n".join(
                f"{rendered.manifests.names()[place]} {problem}"
                for place, found in sorted(problems.items())
                for problem in found
            )
            raise InvalidObjectsError(f"Kubernetes {kube_version} would refuse:\n{told}")


def merge(*layers: Values) -> dict[str, Any]:
    """Merge values as Helm does: maps by key, later ones win, all else replaced."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if isinstance(value, dict) and isinstance(merged.get(key), dict):
                merged[key] = merge(merged[key], value)
            else:
                merged[key] = copied(value)
    return merged
