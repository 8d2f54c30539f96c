"""Pods and events as the API server shows them."""

from __future__ import annotations

from typing import Any

CREATING = {"waiting": {"reason": "ContainerCreating"}}
RUNNING: dict[str, Any] = {"running": {}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """Return the state of a container that waits."""
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int) -> dict[str, Any]:
    """Return the state of a container that has ended."""
    return {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed"}}


def container(
    state: dict[str, Any], *, name: str = "api", ready: bool = False, restarts: int = 0
) -> dict[str, Any]:
    """Return the status of a container."""
    return {
        "name": name,
        "ready": ready,
        "restartCount": restarts,
        "state": state,
        "image": f"mine/{name}:1",
    }


def pod(
    *containers: dict[str, Any],
    name: str = "api-1",
    init: tuple[dict[str, Any], ...] = (),
    ready: bool = False,
    phase: str = "Pending",
) -> dict[str, Any]:
    """Return a pod."""
    condition = {"type": "Ready", "status": str(ready), "message": "" if ready else "not ready"}
    return {
        "metadata": {"name": name, "namespace": "n"},
        "status": {
            "phase": phase,
            "conditions": [condition],
            "initContainerStatuses": list(init),
            "containerStatuses": list(containers),
        },
    }


def event(
    message: str,
    *,
    kind: str = "Pod",
    name: str = "api-1",
    type: str = "Warning",  # noqa: A002 (the field's name)
    time: str = "2026-01-01T00:00:00Z",
) -> dict[str, Any]:
    """Return an event."""
    return {
        "type": type,
        "reason": "Reason",
        "message": message,
        "lastTimestamp": time,
        "involvedObject": {"kind": kind, "name": name},
    }
