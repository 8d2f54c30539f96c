"""What a namespace looked like when a test failed: pods, events, descriptions, logs; no secrets."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from tools.censor import censor
from tools.cluster import Cluster
from tools.errors import ToolError
from tools.rollout import statuses

LOG_LINES = 2000
# A word this short is no secret, and blotting it out would make the logs unreadable.
SHORTEST = 6
OVERVIEWS = {
    "objects.txt": ("get", "all,pvc,networkpolicies,ingresses", "-o", "wide"),
    "events.txt": ("get", "events", "--sort-by=.metadata.creationTimestamp"),
    "pods.txt": ("describe", "pods"),
}


def collect(cluster: Cluster, namespace: str, folder: Path) -> None:
    """Write what is known of a namespace into a folder, one file a subject.

    What cannot be had (a log of a container that never ran) is a file with the reason.
    """
    secrets = list(_secrets(cluster, namespace))
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, *call: str) -> None:
        try:
            text = cluster.kubectl(*call, "-n", namespace)
        except ToolError as error:
            text = f"{error}\n"
        (folder / name).write_text(censor(text, secrets), encoding="utf-8")

    for name, call in OVERVIEWS.items():
        write(name, *call)
    for pod in cluster.get("pods", "-n", namespace)["items"]:
        name = pod["metadata"]["name"]
        for status in statuses(pod):
            call = ("logs", name, "-c", status["name"], f"--tail={LOG_LINES}", "--timestamps")
            write(f"{name}-{status['name']}.log", *call)
            if status["restartCount"]:
                write(f"{name}-{status['name']}-previous.log", *call, "--previous")


def _secrets(cluster: Cluster, namespace: str) -> Iterator[str]:
    """Yield every text of the namespace's Secrets, whole and line by line."""
    for secret in cluster.get("secrets", "-n", namespace)["items"]:
        for value in (secret.get("data") or {}).values():
            text = base64.b64decode(value).decode(errors="replace")
            yield from {part for part in (text, *text.splitlines()) if len(part) >= SHORTEST}
