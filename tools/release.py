"""Install or upgrade the chart on the test cluster, as a user would with Helm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools import rollout, testbed, toolchain
from tools.censor import censor
from tools.cluster import KUBECONFIG, Cluster
from tools.console import step
from tools.errors import ToolError
from tools.paths import CHART, REPOSITORY
from tools.proc import run

DEFAULT_VALUES = REPOSITORY / "values" / "staging.yaml"
READY_SECONDS = 300
# What Helm says when the last revision is neither deployed nor failed.
IN_PROGRESS = "another operation (install/upgrade/rollback) is in progress"


def install(
    cluster: Cluster,
    overlay: dict[str, Any],
    *,
    chart: Path = CHART,
    values: Sequence[Path] = (DEFAULT_VALUES,),
    flags: Sequence[str] = (),
    namespace: str = testbed.NAMESPACE,
    name: str = testbed.RELEASE,
    helm: str = "helm",
    seconds: int = READY_SECONDS,
    wait: bool = True,
) -> None:
    """Install or upgrade a release and wait, up to `seconds`, until its workloads are rolled out.

    `overlay` goes in on standard input, over the values files and under
    `flags`, so that no credential shows in a process list.

    Raises:
        ToolError: Helm refuses the chart, or a pod does not become ready.
    """
    secrets = list(overlay.get("secrets", {}).get("inline", {}).values())
    files = [word for path in values for word in ("--values", str(path))]
    with step(f"installing {chart.name} with {', '.join(path.name for path in values)}"):
        try:
            run(
                [
                    *(toolchain.tool(helm), "upgrade", "--install", name, chart),
                    *("--kubeconfig", KUBECONFIG, "--namespace", namespace),
                    *(*files, "--values", "-", *flags),
                ],
                stdin=json.dumps(overlay),
            )
        except ToolError as error:
            told = censor(str(error), secrets)
            if IN_PROGRESS in told:
                told = f"{told}\n{_unfinished(name, namespace)}"
            raise ToolError(told) from None
    if wait:
        rollout.wait(cluster, namespace, seconds=seconds, secrets=secrets)


def _unfinished(name: str, namespace: str) -> str:
    where = f"{name} --namespace {namespace} --kubeconfig {KUBECONFIG}"
    return (
        "If nobody else is working on the release, Helm was killed in the middle of it: go back "
        f"with `helm rollback {where}`, or, if it was the first install, `helm uninstall {where}`. "
        "Then try again."
    )


def check(
    *only: str, namespace: str = testbed.NAMESPACE, name: str = testbed.RELEASE, seconds: int = 180
) -> str:
    """Run `helm test`, all of it or only the pods named, and return what it prints, logs included.

    Raises:
        ToolError: a test fails.
    """
    filters: list[str] = [word for pod in only for word in ("--filter", f"name={pod}")]
    return run(
        [
            *(toolchain.tool("helm"), "test", name, "--namespace", namespace),
            *("--kubeconfig", str(KUBECONFIG), "--timeout", f"{seconds}s", "--logs", *filters),
        ]
    )
