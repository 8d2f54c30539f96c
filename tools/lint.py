"""Everything that can be said about the tree without running it on a cluster."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import docs, toolchain
from tools.console import complain, say
from tools.errors import ToolError
from tools.paths import CHART, REPOSITORY
from tools.proc import run

TOOLS = ("helm", "helm3", "ct", "kube-score", "actionlint")
VALUES = REPOSITORY / "values"
# What a render needs beside values files that hold no credentials.
PLACEHOLDERS = CHART / "ci" / "default-values.yaml"


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Run every check and report all failures at once.

    Raises:
        ToolError: at least one check failed.
    """
    del arguments, flags
    toolchain.prepare(TOOLS)
    failures = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        running = {name: pool.submit(check) for name, check in CHECKS.items()}
        for name, result in running.items():
            try:
                result.result()
                say(f"{name}: ok")
            except ToolError as error:
                failures.append(name)
                complain(f"\n{name}: {error}\n")
    if failures:
        raise ToolError(f"lint found problems in: {', '.join(failures)} (told above).")


def values_sets() -> dict[str, list[Path]]:
    """Return the values files of every set that is rendered, by the set's name."""
    sets = {path.stem: [path] for path in sorted((CHART / "ci").glob("*-values.yaml"))}
    for path in sorted(VALUES.glob("*.yaml")):
        sets[path.stem] = [path, PLACEHOLDERS]
    return sets


def ruff() -> None:
    """Check the style and the format of the Python files."""
    _python("ruff", "check", "--quiet", ".")
    _python("ruff", "format", "--check", "--quiet", ".")


def mypy() -> None:
    """Check the types of the Python files."""
    _python("mypy")


def yamllint() -> None:
    """Check the style of the YAML files (templates are no YAML)."""
    _python("yamllint", "--strict", ".")


def reference() -> None:
    """Check that the chart's reference of values is what values.yaml says."""
    if difference := docs.drift():
        raise ToolError(difference)


def helm_lint() -> None:
    """Let both Helms judge the chart with every set of values."""
    for helm in ("helm", "helm3"):
        for paths in values_sets().values():
            files = [word for path in paths for word in ("--values", path)]
            run([toolchain.tool(helm), "lint", "--strict", "--quiet", CHART, *files])


def ct_lint() -> None:
    """Let chart-testing judge the chart with each of its ci values files."""
    # ct calls helm and yamllint by name.
    path = os.pathsep.join([str(Path(sys.executable).parent), toolchain.path_with("helm")])
    run(
        [toolchain.tool("ct"), "lint", "--config", "ct.yaml"],
        env={"PATH": path},
        cwd=REPOSITORY,
    )


def kube_score() -> None:
    """Let kube-score look for critical findings in what users will install."""
    for name in ("default-values", "staging", "production"):
        files = [word for path in values_sets()[name] for word in ("--values", path)]
        manifests = run([toolchain.tool("helm"), "template", "disney-ai-plus", CHART, *files])
        run([toolchain.tool("kube-score"), "score", "--output-format", "ci", "-"], stdin=manifests)


def workflows() -> None:
    """Let actionlint judge what users of the repository run in GitHub Actions."""
    files = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
    run([toolchain.tool("actionlint"), "-shellcheck=", "-pyflakes=", *files])


CHECKS: dict[str, Callable[[], None]] = {
    "helm lint": helm_lint,
    "mypy": mypy,
    "ruff": ruff,
    "yamllint": yamllint,
    "reference of values": reference,
    "ct lint": ct_lint,
    "kube-score": kube_score,
    "workflows": workflows,
}


def _python(*arguments: str) -> None:
    run([sys.executable, "-m", *arguments], cwd=REPOSITORY)
