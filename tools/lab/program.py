"""Renders with the helm program, a process for every render: where there is no Go."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tools.lab.engine import Rendered, RenderError, Request
from tools.lab.frozen import freeze
from tools.lab.manifests import Manifest, Manifests
from tools.toolchain import tool

_UNPRINTABLE = re.compile("[\x7f-\x9f\ufeff\ufffe\uffff]")
_SEPARATOR = re.compile(r"^---[ \t]*(?:#.*)?$", re.MULTILINE)


class Program:
    """An engine that starts helm for every render."""

    def __init__(self, name: str) -> None:
        """Find the program, building it if needed."""
        self.name = f"{name}, a process for each render"
        self._program = tool(name)
        self._charts: list[Path] = []
        self._copies: list[tempfile.TemporaryDirectory[str]] = []
        self._defined: dict[str, Any] = {}
        self._problems: dict[tuple[Path, int], list[str]] = {}

    def load(self, chart: Path, files: Mapping[str, str] | None = None) -> int:
        """Note a chart, or a copy of it with some files replaced, and return its number."""
        if files:
            copy = tempfile.TemporaryDirectory(prefix="chart-")
            self._copies.append(copy)
            chart = Path(shutil.copytree(chart, Path(copy.name) / chart.name))
            for name, text in files.items():
                (chart / name).write_text(text, encoding="utf-8")
        self._charts.append(chart)
        return len(self._charts) - 1

    def render(self, chart: int, request: Request, *, cached: bool = True) -> Rendered:
        """Return the objects; nothing is cached here."""
        del cached
        sources = _SEPARATOR.split(self.text(chart, request))
        found = [yaml.load(source, Loader=yaml.CSafeLoader) for source in sources]
        manifests = Manifests(freeze(document) for document in found if document)
        return Rendered(manifests, tuple(map(_number, manifests)))

    def text(self, chart: int, request: Request) -> str:
        """Return what `helm template` prints."""
        words = ["template", request.release, str(self._charts[chart])]
        words += ["--namespace", request.namespace]
        words += ["--kube-version", request.kube_version] if request.kube_version else []
        words += [f"--api-versions={version}" for version in request.api_versions]
        words += ["--is-upgrade"] if request.upgrade else []
        return self._run(words, request.values)

    def notes(self, chart: int, request: Request) -> str:
        """Return what `helm install` prints after an install; Helm 3 needs a cluster for that."""
        words = ["install", request.release, str(self._charts[chart])]
        words += ["--namespace", request.namespace, "--dry-run=client", "--output=json"]
        return str(json.loads(self._run(words, request.values))["info"]["notes"])

    def problems(self, rendered: Rendered, schemas: Path) -> dict[int, list[str]]:
        """Return what is wrong with objects, by their place in the render."""
        found = {}
        for place, number in enumerate(rendered.documents):
            key = schemas, number
            if key not in self._problems:
                self._problems[key] = self._judged(rendered.manifests[place], schemas)
            if self._problems[key]:
                found[place] = self._problems[key]
        return found

    def _judged(self, manifest: Manifest, schemas: Path) -> list[str]:
        version, kind = manifest["apiVersion"], manifest["kind"]
        validator = self._defined.get(f"{version}/{kind}") or _validator(schemas, version, kind)
        return [
            f"/{'/'.join(map(str, error.absolute_path))}: {error.message}"
            for error in validator.iter_errors(manifest)
        ]

    def forget(self) -> None:
        """Nothing is kept here."""

    def unload(self) -> None:
        """Drop all charts."""
        self._charts, self._copies = [], []

    def close(self) -> None:
        """Nothing runs here."""

    def define(self, schemas: Mapping[str, Any]) -> None:
        """Take schemas of further resources, by "apiVersion/Kind"."""
        import jsonschema

        for name, schema in schemas.items():
            if name not in self._defined or self._defined[name].schema is not schema:
                self._defined[name] = jsonschema.Draft202012Validator(schema)
                self._problems = {}

    def _run(self, words: list[str], values: str) -> str:
        done = subprocess.run(
            [str(self._program), *words, "--values", "-"],
            input=_as_yaml(values),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            # No cluster, however the machine is set up: a render must not depend on one. And no
            # garbage collection: the process ends before that pays.
            env={**os.environ, "KUBECONFIG": os.devnull, "GOGC": "off"},
        )
        if done.returncode != 0:
            raise RenderError(done.stderr[max(0, done.stderr.find("Error: ")) :])  # without the log
        return done.stdout


def _as_yaml(values: str) -> str:
    """Return JSON as YAML's parser takes it: no surrogate pairs, no raw control characters."""
    text = json.dumps(json.loads(values), ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _number(manifest: Any) -> int:
    """Return the number that the resident renderer gives to an object: a hash of its JSON."""
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":  # as Go writes JSON
        text = text.replace(character, f"\\u{ord(character):04x}")
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 12


@cache
def _validator(schemas: Path, api_version: str, kind: str) -> Any:
    import jsonschema
    import referencing

    group, _, number = api_version.rpartition("/")
    name = f"{kind.lower()}-{group.split('.')[0] + '-' if group else ''}{number}.json"
    schema = json.loads((schemas / name).read_text(encoding="utf-8"))
    resource = referencing.jsonschema.DRAFT202012.create_resource(schema)
    registry = _definitions(schemas).with_resource("", resource).crawl()
    return jsonschema.Draft202012Validator(schema, registry=registry)


@cache
def _definitions(schemas: Path) -> Any:
    """Return what the schemas of a version share, crawled: it is large, and crawled once."""
    import referencing

    definitions = referencing.jsonschema.DRAFT202012.create_resource(
        json.loads((schemas / "_definitions.json").read_text(encoding="utf-8"))
    )
    return referencing.Registry().with_resource("_definitions.json", definitions).crawl()
