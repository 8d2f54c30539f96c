"""Makes mistakes in a chart, one at a time, and finds out whether the tests notice.

Each mutant faces only the tests whose renders it changes, in copies of the repository: nothing of
the working tree is touched.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tools.console import Step, step
from tools.errors import ToolError
from tools.lab.coverage import Templates
from tools.lab.engine import RenderError
from tools.lab.helm import Helm
from tools.lab.operators import Mutant, mutants
from tools.lab.record import Record
from tools.proc import run

WORKERS = 2


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: the test that noticed it, or None; how many ran, and how long."""

    mutant: Mutant
    killer: str | None
    ran: int
    seconds: float


def candidates(chart: Path) -> list[Mutant]:
    """Return every mutant of a chart's templates, its values.yaml and its schema."""
    files = [p for p in sorted((chart / "templates").rglob("*")) if p.is_file()]
    files += [chart / name for name in ("values.yaml", "values.schema.json")]
    return [
        mutant
        for path in files
        if path.exists()
        for mutant in mutants(str(path.relative_to(chart)), path.read_text(encoding="utf-8"))
    ]


def sample(chart: Path, count: int, seed: int) -> list[Mutant]:
    """Return so many mutants, every file and kind as often as it occurs; all if there are fewer."""
    shuffled = candidates(chart)
    random.Random(seed).shuffle(shuffled)
    return list(islice((m for m in shuffled if not stillborn(chart, m)), count))


def stillborn(chart: Path, mutant: Mutant) -> bool:
    """Tell whether a mutant is no template, or no JSON, at all: anyone would notice that."""
    try:
        broken = Helm(chart).changed({mutant.file: mutant.text})
        broken.render(values={}, valid=False)
    except RenderError as error:
        return "parse error" in str(error) or "invalid character" in str(error)
    return False


@dataclass
class Campaign:
    """A repository, the tests of its chart, and the record of what they render."""

    repository: Path
    chart: Path
    tests: Sequence[str]
    record: Path

    def __post_init__(self) -> None:
        """Read the record."""
        self._known = Record.read(self.record)
        self._templates = Templates.of(self.chart)
        self._killers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def run(self, chosen: Sequence[Mutant]) -> list[Verdict]:
        """Let every mutant face the tests, two at a time."""
        workers: SimpleQueue[_Worker] = SimpleQueue()
        verdicts: list[Verdict] = []
        with self._workers() as started, step(f"{len(chosen)} mutants") as current:
            for worker in started:
                workers.put(worker)

            def face(mutant: Mutant) -> None:
                worker = workers.get()
                try:
                    verdict = self._verdict(worker, mutant)
                finally:
                    workers.put(worker)
                self._note(verdicts, verdict, current)

            with ThreadPoolExecutor(WORKERS) as pool:
                for done in [pool.submit(face, mutant) for mutant in chosen]:
                    done.result()
        return verdicts

    def _note(self, verdicts: list[Verdict], verdict: Verdict, current: Step) -> None:
        with self._lock:
            verdicts.append(verdict)
            if verdict.killer is not None:
                self._killers[verdict.killer] += 1
            survived = sum(v.killer is None for v in verdicts)
            current.detail = f"({len(verdicts)} faced the tests, {survived} survived)"

    def _verdict(self, worker: _Worker, mutant: Mutant) -> Verdict:
        question = {
            "file": mutant.file,
            "text": mutant.text,
            "requests": self._requests(mutant),
            "tests": self._order(),
        }
        answer = worker.ask(question)
        return Verdict(mutant, answer["killer"], answer["ran"], answer["seconds"])

    def _requests(self, mutant: Mutant) -> list[int]:
        """Return the requests that come through what the mutant changes."""
        everything = list(range(len(self._known.requests)))
        if not mutant.file.startswith("templates/"):
            return everything
        block = self._templates.around(mutant.file, mutant.offset)
        if block is None:
            return everything
        return [number for number in everything if block in self._known.reached[number]]

    def _order(self) -> list[str]:
        """Return the tests: those that noticed most so far first, then the cheapest.

        Those that may look at anything run for every mutant, so they come last.
        """
        with self._lock:
            killers = Counter(self._killers)
        return sorted(
            self._known.tests,
            key=lambda name: (
                -killers[name],
                self._known.tests[name].opaque,
                len(self._known.tests[name].requests),
                self._known.tests[name].seconds,
            ),
        )

    @contextmanager
    def _workers(self) -> Iterator[list[_Worker]]:
        with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
            started = []
            try:
                for number in range(WORKERS):
                    copy = Path(scratch) / str(number)
                    self._copy(copy)
                    chart = copy / self.chart.relative_to(self.repository)
                    started.append(_Worker(copy, self.record, chart, self.tests))
                yield started
            finally:
                for worker in started:
                    worker.close()

    def _copy(self, target: Path) -> None:
        """Copy what git knows or would add, as it is in the working tree."""
        listed = run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=self.repository,
        )
        for name in filter(None, listed.split("\0")):
            if (self.repository / name).is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.repository / name, target / name)


class _Worker:
    """A process of `tools.lab.worker` in a copy of the repository."""

    def __init__(self, copy: Path, record: Path, chart: Path, tests: Sequence[str]) -> None:
        self._log = (copy / "worker.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.lab.worker", record.resolve(), chart, *tests],
            cwd=copy,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            process_group=0,
        )

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Let a mutant face the tests."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            told = Path(self._log.name).read_text(encoding="utf-8").strip()[-2000:]
            raise ToolError(f"A worker that runs tests against mutants ended:\n{told}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
