"""Commands on a database's volume while no server runs on it."""

from __future__ import annotations

import json
from typing import Any

from tools.testbed import TestBed

OFFICIAL = "docker.io/library/postgres:17.7"
SECONDS = 120


def database_image(bed: TestBed) -> str:
    """Return the reference of the image that the database runs on."""
    images = {image.component: image.reference for image in bed.images}
    return images.get("db", OFFICIAL)


def on_the_volume(bed: TestBed, namespace: str, name: str, command: str) -> str:
    """Run a bash command in the folder of the claim `data-db-0`, and return what it prints.

    Raises:
        ToolError: it fails; the pod `name` stays.
    """
    manifest = json.dumps(_pod(database_image(bed), name, command))
    bed.cluster.kubectl("apply", "--server-side", "-n", namespace, "-f", "-", stdin=manifest)
    bed.cluster.kubectl(
        *("wait", f"pod/{name}", "-n", namespace, f"--timeout={SECONDS}s"),
        "--for=jsonpath={.status.phase}=Succeeded",
    )
    return bed.cluster.kubectl("logs", name, "-n", namespace)


def _pod(image: str, name: str, command: str) -> dict[str, Any]:
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": True, "runAsUser": 999, "fsGroup": 999},
            "containers": [
                {
                    "name": "shell",
                    "image": image,
                    "command": ["bash", "-euc", f"cd /volume\n{command}"],
                    "securityContext": security,
                    "volumeMounts": [{"name": "data", "mountPath": "/volume"}],
                }
            ],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}],
        },
    }
