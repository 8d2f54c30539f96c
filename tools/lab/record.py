"""What each test renders: so that a mutant need only face the tests that it can fail."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tools.lab.engine import Rendered, RenderError, Request

_PLACE = re.compile(r"\d+:\d+")


@dataclass
class Test:
    """A test: the requests that it makes, by number, and the seconds it takes.

    `notes` are those of which it reads the notes, `requests` those of which it sees the objects.

    An opaque test may look at more than renders of the chart as it is: nobody knows which changes
    it would notice.
    """

    requests: list[int] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)
    opaque: bool = False
    seconds: float = 0


@dataclass
class Record:
    """The requests of a test run, what came of each, the blocks that it reached, and the tests."""

    requests: list[Request] = field(default_factory=list)
    outcomes: list[list[Any]] = field(default_factory=list)
    reached: list[list[int]] = field(default_factory=list)
    tests: dict[str, Test] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Number the requests."""
        self._numbers = {request: number for number, request in enumerate(self.requests)}

    def add(
        self, test: str, request: Request, found: Rendered | RenderError, *, notes: bool = False
    ) -> None:
        """Note that a test made a request."""
        number = self._numbers.setdefault(request, len(self.requests))
        if number == len(self.requests):
            self.requests.append(request)
            self.outcomes.append(outcome(found))
            self.reached.append(sorted(found.reached))
        made = self.test(test).notes if notes else self.test(test).requests
        if number not in made:
            made.append(number)

    def test(self, name: str) -> Test:
        """Return a test's entry, new if need be."""
        return self.tests.setdefault(name, Test())

    def write(self, path: Path) -> None:
        """Write the record as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Record:
        """Read a record that was written."""
        found = json.loads(path.read_text(encoding="utf-8"))
        requests = [
            Request(**{**request, "api_versions": tuple(request["api_versions"])})
            for request in found["requests"]
        ]
        tests = {name: Test(**test) for name, test in found["tests"].items()}
        return cls(requests, found["outcomes"], found["reached"], tests)


def outcome(found: Rendered | RenderError) -> list[Any]:
    """Return what tells renders apart: objects and notes, or twice the bare message."""
    if isinstance(found, RenderError):
        return [_PLACE.sub("", str(found))] * 2
    return [list(found.documents), found.notes]
