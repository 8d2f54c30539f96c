"""Renders with Helm's own engine in a process that stays (the Go side is `renderer/`)."""

from __future__ import annotations

import atexit
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools import golang
from tools.errors import ToolError
from tools.lab.engine import Rendered, RenderError, Request
from tools.lab.frozen import freeze
from tools.lab.manifests import Manifests
from tools.versions import module

SOURCES = Path(__file__).with_name("renderer")
ADAPTERS = {"helm": "helm4.go", "helm3": "helm3.go"}
# So many distinct objects are kept on both sides before they are forgotten.
KEPT = 50_000


def build(name: str) -> Path:
    """Return the renderer compiled inside a Helm's module, building it if needed.

    Raises:
        ToolError: there is no Go, or the module cannot be fetched.
    """
    program = f"renderer-{name}"
    others = set(ADAPTERS.values()) - {ADAPTERS[name]}
    own = [path for path in sorted(SOURCES.glob("*.go")) if path.name not in others]
    packages = {f"cmd/{program}": own, "pkg/outline": sorted((SOURCES / "outline").glob("*.go"))}
    if name == "helm":
        packages["pkg/engine"] = sorted((SOURCES / "engine").glob("*.go"))
    return golang.build_within(module(name), program, packages)


class Resident:
    """An engine that is asked by one JSON line and answers with one."""

    def __init__(self, name: str, program: Path) -> None:
        """Start the process; it ends when its input does, at the end of ours at the latest."""
        self.name = f"{name} {module(name).version}, resident"
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )
        self._objects: dict[int, Any] = {}
        self._problems: dict[Path, dict[int, list[str]]] = {}
        self._defined: dict[str, Any] = {}
        # Waited for, so that what it used counts among what our children used.
        atexit.register(self.close)

    def load(self, chart: Path, files: Mapping[str, str] | None = None) -> int:
        """Load a chart, some of its files replaced, and return its number."""
        answer = self._ask({"load": {"chart": str(chart), "files": dict(files or {})}})
        return int(answer.get("chart", 0))

    def render(self, chart: int, request: Request, *, cached: bool = True) -> Rendered:
        """Return the objects; without the cache, every object is parsed anew."""
        answer = self._ask(_render(chart, request, uncached=not cached))
        fresh = {int(n): freeze(o) for n, o in answer.get("fresh", {}).items()}
        objects = fresh
        if cached:
            objects = self._objects
            objects.update(fresh)
        numbers = tuple(answer["documents"] or ())
        reached = frozenset(answer.get("reached", ()))
        manifests = Manifests(objects[n] for n in numbers)
        return Rendered(manifests, numbers, reached, answer.get("notes", ""))

    def text(self, chart: int, request: Request) -> str:
        """Return what `helm template` prints."""
        return str(self._ask(_render(chart, request, text=True))["text"])

    def notes(self, chart: int, request: Request) -> str:
        """Return what `helm install` prints after an install."""
        return str(self._ask(_render(chart, request, text=True)).get("notes", ""))

    def problems(self, rendered: Rendered, schemas: Path) -> dict[int, list[str]]:
        """Return what is wrong with objects, by their place in the render."""
        known = self._problems.setdefault(schemas, {})
        new = [number for number in rendered.documents if number not in known]
        if new:
            question = {"schemas": str(schemas), "documents": new}
            found = self._ask({"validate": question}).get("problems", {})
            known.update({number: found.get(str(number), []) for number in new})
        return {
            place: known[number] for place, number in enumerate(rendered.documents) if known[number]
        }

    def readings(self, texts: Sequence[str]) -> list[tuple[Any, Any]]:
        """Return what YAML texts say: to the renderer's own reader, and to Helm's library.

        None stands for what the former leaves to the latter, and for what is no YAML at all.
        """
        found = self._ask({"read": texts})["readings"]
        return [(reading["outline"], reading["library"]) for reading in found]

    def define(self, schemas: Mapping[str, Any]) -> None:
        """Take schemas of further resources, by "apiVersion/Kind"."""
        new = {name: s for name, s in schemas.items() if self._defined.get(name) is not s}
        if new:
            self._ask({"define": new})
            self._defined |= new
            self._problems = {}

    def forget(self) -> None:
        """Drop the objects that were seen, if there are so many that it is time to."""
        if len(self._objects) > KEPT:
            self._objects, self._problems = {}, {}
            self._ask({"forget": True})

    def unload(self) -> None:
        """Drop all charts and objects, whoever asked for them; schemas stay."""
        self._objects, self._problems = {}, {}
        self._ask({"unload": True})

    @property
    def process(self) -> int:
        """Return the process's id."""
        return self._process.pid

    def close(self) -> None:
        """End the process, though it may be at work on something that takes too long."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        atexit.unregister(self.close)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise ToolError(
                f"The renderer ended with exit code {self._process.wait()}; what it said is above."
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            error = RenderError(answer["error"])
            error.reached = frozenset(answer.get("reached", ()))
            raise error
        return answer


def _render(chart: int, request: Request, **options: bool) -> dict[str, Any]:
    return {"render": {**vars(request), "chart": chart, **options}}
