"""Renders the chart through the helm program, once for each set of arguments."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.template.chart import CHART, NEWEST, Values, required
from tests.template.manifests import Manifests
from tools.toolchain import tool


class RenderError(Exception):
    """Helm refused to render; the message is what a user would read."""


def digest(folder: Path) -> str:
    """Hash a folder's files, names included."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(f"{path.relative_to(folder)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@dataclass
class Helm:
    """A chart and what has been rendered of it.

    The cache holds text, and each call parses its own copy of it: no test can spoil what
    another one sees.
    """

    chart: Path = CHART
    _digest: str = field(default="", init=False)
    _cache: dict[str, str | RenderError] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Note which chart this is; later changes to it are not looked for."""
        self._digest = digest(self.chart)

    def render(
        self,
        *,
        values: Values | None = None,
        kube_version: str = NEWEST,
        api_versions: tuple[str, ...] = (),
        release: str = "disney-ai-plus",
        namespace: str = "disney-ai-plus",
        program: str = "helm",
        upgrade: bool = False,
    ) -> Manifests:
        """Return the objects of an install or upgrade; without values, of the least possible."""
        arguments = ["template", release, str(self.chart), "--namespace", namespace]
        arguments += ["--kube-version", kube_version]
        arguments += [f"--api-versions={version}" for version in api_versions]
        arguments += ["--is-upgrade"] if upgrade else []
        return Manifests(json.loads(self._run(program, arguments, values)))

    def text(self, *, values: Values | None = None) -> str:
        """Return the rendered text itself, from a new run of helm each time."""
        return _helm("helm", ["template", "disney-ai-plus", str(self.chart)], values)

    def notes(self, *, values: Values | None = None, namespace: str = "disney-ai-plus") -> str:
        """Return what a user reads after an install."""
        arguments = ["install", "disney-ai-plus", str(self.chart), "--namespace", namespace]
        arguments += ["--dry-run=client", "--output=json"]
        text: str = json.loads(self._run("helm", arguments, values))["info"]["notes"]
        return text

    def refusal(self, *, values: Values) -> str:
        """Return the message with which helm refuses these values."""
        try:
            self.render(values=values)
        except RenderError as error:
            return str(error)
        raise AssertionError(f"helm accepts {values}")

    def _run(self, program: str, arguments: list[str], values: Values | None) -> str:
        key = json.dumps([self._digest, program, arguments, values])
        if key not in self._cache:
            try:
                output = _helm(program, arguments, values)
            except RenderError as error:
                self._cache[key] = error
            else:
                self._cache[key] = _as_json(output) if arguments[0] == "template" else output
        cached = self._cache[key]
        if isinstance(cached, RenderError):
            raise RenderError(str(cached))
        return cached


def _helm(program: str, arguments: list[str], values: Values | None) -> str:
    done = subprocess.run(
        [str(tool(program)), *arguments, "--values", "-"],
        input=json.dumps(required() if values is None else values),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        # No cluster, however the machine is set up: a render must not depend on one. And no garbage
        # collection: the process ends before that pays.
        env={**os.environ, "KUBECONFIG": os.devnull, "GOGC": "off"},
    )
    if done.returncode != 0:
        raise RenderError(done.stderr)
    return done.stdout


def _as_json(text: str) -> str:
    documents = yaml.load_all(text, Loader=yaml.CSafeLoader)
    return json.dumps([document for document in documents if document])
