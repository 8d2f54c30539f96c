"""The table that `nox -s up` ends with, and what to do next."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from tools import rollout, testbed
from tools.cluster import KUBECONFIG, Cluster
from tools.paths import REPOSITORY


def show(cluster: Cluster, namespace: str = testbed.NAMESPACE) -> None:
    """Print every container of the release: ready, restarts, image; then the next commands."""
    table = Table(title=f"Release {testbed.RELEASE} in namespace {namespace}", title_justify="left")
    for column in ("pod", "container", "ready", "restarts", "image"):
        table.add_column(column, overflow="fold")
    for pod in cluster.get("pods", "-n", namespace)["items"]:
        for status in pod["status"].get("containerStatuses", []):
            table.add_row(
                pod["metadata"]["name"],
                status["name"],
                _ready(pod, status),
                str(status["restartCount"]),
                status["image"],
            )
    url = f"https://{testbed.HOST}:{cluster.ports['https']}/"
    authority = testbed.AUTHORITY.relative_to(REPOSITORY)
    Console(width=None if Console().is_terminal else 140).print(table)
    print(
        f"""
Open    {url}  (trust {authority} first)
  curl --cacert {authority} {url}
kubectl export KUBECONFIG=$PWD/{KUBECONFIG.relative_to(REPOSITORY)}
Logs    kubectl logs -f deployment/api -n {namespace}   (or deployment/web, statefulset/db)
Next    nox -s smoke | nox -s e2e | nox -s down
"""
    )


def _ready(pod: dict[str, Any], status: dict[str, Any]) -> str:
    """Return whether a container is ready; one of a Job is done instead."""
    if pod["status"]["phase"] == "Succeeded":
        return "done"
    return "yes" if status["ready"] and rollout.ready(pod) else "no"
