"""Runs the tests against one mutant after the other: collected once, forked for each.

`python -m tools.lab.worker RECORD CHART TESTS…` in a copy of the repository that it may change. It
reads one JSON object a line ({"file", "text", "requests", "tests"}) and answers each with one line:
{"killer": the test that failed, or null, "ran": how many tests ran, "seconds"}.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any, TextIO

import pytest
from _pytest.runner import runtestprotocol

from tools.lab.engine import RenderError, engine
from tools.lab.helm import Helm
from tools.lab.record import Record, Test, outcome

SECONDS = 120


def main() -> None:
    """Collect the tests, then serve."""
    record, chart, *tests = sys.argv[1:]
    # Of our own: pytest captures the standard ones.
    questions, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serving = Serving(Record.read(Path(record)), Path(chart), questions, answers)
    sys.exit(pytest.main(["--quiet", "--no-header", *tests], plugins=[serving]))


class Serving:
    """Takes the place of pytest's loop over the tests."""

    def __init__(self, record: Record, chart: Path, questions: TextIO, answers: TextIO) -> None:
        """Remember what the tests render of the chart as it is."""
        self.record, self.chart = record, chart
        self.questions, self.answers = questions, answers
        self.engine = engine()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Answer every request until there are no more."""
        items = {item.nodeid: item for item in session.items}
        for line in self.questions:
            request = json.loads(line)
            file = self.chart / request["file"]
            original = file.read_text(encoding="utf-8")
            file.write_text(request["text"], encoding="utf-8")
            try:
                answer = self._forked(request, items)
            finally:
                file.write_text(original, encoding="utf-8")
            print(json.dumps(answer), file=self.answers, flush=True)
        return True

    def _forked(self, request: dict[str, Any], items: dict[str, pytest.Item]) -> dict[str, Any]:
        begun = time.monotonic()
        self.engine.unload()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            os.setpgid(0, 0)
            try:
                os.write(writer, json.dumps(self._faced(request, items)).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            ready, _, _ = select.select([pipe], [], [], SECONDS)
            told = pipe.read() if ready else b""
        if not told:
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if not told:  # the engine still works on what the child asked it
            self.engine.close()
            engine.cache_clear()
            self.engine = engine()
        answer: dict[str, Any] = json.loads(told) if told else {"killer": "timeout", "ran": 0}
        return answer | {"seconds": time.monotonic() - begun}

    def _faced(self, request: dict[str, Any], items: dict[str, pytest.Item]) -> dict[str, Any]:
        """Run the tests that could notice the mutant until one does."""
        helm = Helm(self.chart)
        wanted = set(request["requests"])

        @cache
        def differs(number: int) -> tuple[bool, bool]:
            """Tell whether the objects of a request are others, and whether its notes are."""
            try:
                found = outcome(helm.rendered(self.record.requests[number]))
            except RenderError as error:
                found = outcome(error)
            objects, notes = self.record.outcomes[number]
            return found[0] != objects, found[1] != notes

        def concerns(test: Test) -> bool:
            return any(differs(n)[0] for n in test.requests if n in wanted) or any(
                differs(n)[1] for n in test.notes if n in wanted
            )

        ran = 0
        for name in request["tests"]:
            test = self.record.tests[name]
            if not test.opaque and not concerns(test):
                continue
            ran += 1
            item = items[name]
            # With the session itself as what comes next, its fixtures stay and all others end.
            reports = runtestprotocol(item, log=False, nextitem=item.session)  # type: ignore[arg-type]
            if any(report.failed for report in reports):
                return {"killer": name, "ran": ran}
        return {"killer": None, "ran": ran}


if __name__ == "__main__":
    main()
