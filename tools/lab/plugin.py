"""pytest options that watch what tests render: `--template-coverage` and `--template-record`."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tools.lab.coverage import Templates, share, table, totals, write
from tools.lab.engine import Rendered, RenderError
from tools.lab.helm import Helm, Key
from tools.lab.program import Program
from tools.lab.record import Record


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("template lab")
    group.addoption(
        "--template-coverage",
        type=Path,
        metavar="FILE",
        help="show which template lines and branches the tests reach, and write it as JSON",
    )
    group.addoption(
        "--template-record", type=Path, metavar="FILE", help="write what each test renders"
    )
    group.addoption(
        "--render-with",
        choices=("resident", "program"),
        default="resident",
        help="program: a new helm process for every render, to compare with",
    )
    group.addoption(
        "--mutants", type=int, default=30, metavar="N", help="how many mutants face the tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch, if an option asks for it."""
    if config.getoption("--template-coverage") or config.getoption("--template-record"):
        config.pluginmanager.register(Watch(), "template-watch")


def pytest_collection_finish() -> None:
    """Take thousands of tests out of the garbage collector's sight: they stay to the end."""
    gc.freeze()


def watched(config: pytest.Config, helm: Helm) -> Helm:
    """Return the chart for the tests: instrumented and observed if an option asks for it."""
    if config.getoption("--render-with") == "program":
        processes = Processes()
        config.pluginmanager.register(processes, "helm-processes")
        return replace(helm, start=cache(processes.engine), keep=False)
    watch: Watch | None = config.pluginmanager.get_plugin("template-watch")
    return helm if watch is None else watch.over(helm)


class Counted(Program):
    """Counts its processes, and adds up what they take of the CPU: validation is not in that."""

    def __init__(self, name: str) -> None:
        """Begin with none."""
        super().__init__(name)
        self.started, self.seconds = 0, 0.0

    def _run(self, words: list[str], values: str) -> str:
        before = self._used()
        try:
            return super()._run(words, values)
        finally:
            self.started += 1
            self.seconds += self._used() - before

    @staticmethod
    def _used() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime


class Processes:
    """Tells how many helm processes there were."""

    def __init__(self) -> None:
        """Begin with none."""
        self.engines: list[Counted] = []

    def engine(self, name: str) -> Program:
        """Return an engine for a Helm of versions.toml."""
        self.engines.append(Counted(name))
        return self.engines[-1]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what was found."""
        started = sum(engine.started for engine in self.engines)
        seconds = sum(engine.seconds for engine in self.engines)
        terminalreporter.write_line(f"{started} helm processes took {seconds:.1f} s of CPU")


class Watch:
    """Notes what is rendered and which blocks are reached."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.record = Record()
        self.templates: Templates | None = None
        self._content = ""
        self._test = ""

    def over(self, helm: Helm) -> Helm:
        """Return the chart with instrumented templates, and watch it."""
        self.templates = Templates.of(helm.chart)
        instrumented = helm.changed(self.templates.instrumented())
        instrumented.observers.append(self.see)
        self._content = instrumented.content
        return instrumented

    def see(self, key: Key, found: Rendered | RenderError, notes: bool) -> None:
        """Note a render."""
        assert self.templates is not None
        content, engine, request = key
        self.templates.reached |= found.reached
        if content != self._content:
            self.record.test(self._test).opaque = True
        elif engine.startswith("helm "):  # the other Helm does not tell what it reaches
            self.record.add(self._test, request, found, notes=notes)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note which test runs, how long, and whether it renders at all."""
        self._test = item.nodeid
        begun = time.monotonic()
        result = yield
        test = self.record.test(item.nodeid)
        test.seconds = time.monotonic() - begun
        test.opaque = test.opaque or not (test.requests or test.notes)
        return result

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        """Show and write what was found."""
        if path := config.getoption("--template-record"):
            self.record.write(path)
        path = config.getoption("--template-coverage")
        if path and self.templates is not None:
            from rich.console import Console

            files = self.templates.coverage()
            write(files, path)
            lines, branches = totals(files)
            terminalreporter.section("template coverage")
            Console(width=140).print(table(files))
            terminalreporter.write_line(
                f"template lines {share(*lines)}, branches {share(*branches)}; figures in {path}"
            )
