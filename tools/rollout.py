"""Wait for a release's workloads, and tell a person why one does not come up."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from tools.censor import censor
from tools.cluster import Cluster
from tools.console import step
from tools.errors import ToolError
from tools.proc import tail

# Waiting reasons that time alone does not cure.
FATAL = {
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ImagePullBackOff",
    "InvalidImageName",
}
# ... except where the kubelet was only late to read a Secret or ConfigMap: it tries again.
LATE = "timed out waiting for the condition"
# ... or where a controller is yet to make a Secret, or the kubelet to read one with which it pulls:
# they get this long.
CURABLE = ("not found", "401 Unauthorized")
GRACE_SECONDS = 20
# Watch events that show a pod as it is.
PRESENT = {"ADDED", "MODIFIED"}
CRASHES = 4
LOG_LINES = 15
EVENTS = 8


def wait(cluster: Cluster, namespace: str, *, seconds: int, secrets: Iterable[str] = ()) -> None:
    """Wait until Deployments and StatefulSets of a namespace are rolled out and its Jobs done.

    Watches, never polls: `kubectl rollout status` or `kubectl wait` for each of
    them, and pods and Jobs for a condition that waiting does not cure.

    Raises:
        ToolError: a pod cannot start, or `seconds` pass; the message holds the
            state, events and log of each pod that is not ready, with every
            string of `secrets` blotted out.
    """
    names = [
        f"{item['kind'].lower()}/{item['metadata']['name']}"
        for item in cluster.get("deployments,statefulsets,jobs", "-n", namespace)["items"]
        if _of_the_release(item)
    ]
    with step(f"waiting for {', '.join(names)}"):
        waits = [_status(cluster, namespace, name, seconds) for name in names]
        watches = [
            _watch(cluster, f"{api}/namespaces/{namespace}/{kind}", seconds)
            for api, kind in (("/api/v1", "pods"), ("/apis/batch/v1", "jobs"))
        ]
        hopeless: list[str] = []
        watchers = [
            threading.Thread(target=_look, args=(cluster, watch, waits, hopeless), daemon=True)
            for watch in watches
        ]
        try:
            for watcher in watchers:
                watcher.start()
            codes = [process.wait() for process in waits]
        finally:
            for process in (*waits, *watches):  # an interrupt would else leave them running
                process.terminate()
        for watcher in watchers:
            watcher.join()
    if any(codes):
        why = hopeless[0] if hopeless else f"not ready within {seconds} s"
        raise ToolError(
            censor(f"The release did not start: {why}.\n{report(cluster, namespace)}", secrets)
        )


def report(cluster: Cluster, namespace: str) -> str:
    """Return state, events and log of every pod of a namespace that is not ready."""
    pods = cluster.get("pods", "-n", namespace)["items"]
    events = sorted(cluster.get("events", "-n", namespace)["items"], key=_time)
    parts = [_pod_report(cluster, pod, events) for pod in pods if not ready(pod)]
    warnings = [
        f"{event['involvedObject']['kind']} {event['involvedObject']['name']}: {event['message']}"
        for event in events
        if event["type"] == "Warning" and event["involvedObject"]["kind"] != "Pod"
    ]
    parts += warnings[-EVENTS:]
    return "\n\n".join(parts) or f"{len(pods)} pods, and all of them are ready now."


def ready(pod: dict[str, Any]) -> bool:
    """Tell whether a pod is ready, or ended as it should."""
    if pod["status"].get("phase") == "Succeeded":
        return True
    conditions = pod["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def statuses(pod: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the statuses of a pod's init and ordinary containers."""
    yield from pod["status"].get("initContainerStatuses", [])
    yield from pod["status"].get("containerStatuses", [])


def hopeless_reason(found: dict[str, Any]) -> str | None:
    """Return why a pod or a Job will not get there by waiting longer, if that is so."""
    return _job_reason(found) if found.get("kind") == "Job" else _pod_reason(found)


def _of_the_release(workload: dict[str, Any]) -> bool:
    """Tell whether a workload is the release's own: no CronJob's Job, none of Helm's hooks."""
    metadata = workload["metadata"]
    hook = "helm.sh/hook" in metadata.get("annotations", {})
    return not hook and not metadata.get("ownerReferences")


def _job_reason(job: dict[str, Any]) -> str | None:
    for condition in job["status"].get("conditions", []):
        failed = condition["type"] == "Failed" and condition["status"] == "True"
        if failed and _of_the_release(job):
            return f"job {job['metadata']['name']} failed: {condition.get('message', '')}"
    return None


def _pod_reason(pod: dict[str, Any]) -> str | None:
    for status in statuses(pod):
        waiting = status["state"].get("waiting", {})
        reason = waiting.get("reason", "")
        crashed = reason == "CrashLoopBackOff" and status["restartCount"] >= CRASHES
        message = waiting.get("message", "")
        if crashed or (reason in FATAL and LATE not in message):
            name = pod["metadata"]["name"]
            return f"container {status['name']} of pod {name}: {reason} {message}"
    return None


def _status(cluster: Cluster, namespace: str, name: str, seconds: int) -> subprocess.Popen[str]:
    call = (
        ("wait", "--for=condition=Complete") if name.startswith("job/") else ("rollout", "status")
    )
    return subprocess.Popen(
        [str(word) for word in cluster.kubectl_command(*call, name)]
        + ["-n", namespace, f"--timeout={seconds}s"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _watch(cluster: Cluster, path: str, seconds: int) -> subprocess.Popen[str]:
    path += f"?watch=1&timeoutSeconds={seconds}"
    return subprocess.Popen(
        [str(word) for word in cluster.kubectl_command("get", "--raw", path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _look(
    cluster: Cluster,
    watch: subprocess.Popen[str],
    waits: list[subprocess.Popen[str]],
    hopeless: list[str],
) -> None:
    """End all waits when the watch shows a pod that cannot start."""

    def end(reason: str | None) -> None:
        if reason:
            hopeless.append(reason)
            for process in waits:
                process.terminate()

    assert watch.stdout is not None
    for line in watch.stdout:
        event = json.loads(line)
        reason = hopeless_reason(event["object"]) if event["type"] in PRESENT else None
        if reason and any(words in reason for words in CURABLE):
            again = threading.Timer(
                GRACE_SECONDS, lambda pod: end(_now(cluster, pod)), [event["object"]]
            )
            again.daemon = True
            again.start()
        elif reason:
            end(reason)
            return


def _now(cluster: Cluster, pod: dict[str, Any]) -> str | None:
    """Return why a pod, as it is by now, will not start."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    found = cluster.kubectl("get", "pod", name, "-n", namespace, "--ignore-not-found", "-o", "json")
    return hopeless_reason(json.loads(found)) if found else None


def _time(event: dict[str, Any]) -> str:
    """Return when an event was seen last."""
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")


def _pod_report(cluster: Cluster, pod: dict[str, Any], events: list[dict[str, Any]]) -> str:
    """Return what a person needs to see of one pod that is not ready."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    lines = [
        f"pod {name}: {pod['status'].get('phase')} {pod['status'].get('message', '')}".rstrip()
    ]
    lines += [
        f"  {condition['type']}: {condition.get('message', '')}"
        for condition in pod["status"].get("conditions", [])
        if condition["status"] == "False" and condition.get("message")
    ]
    mine = [event for event in events if event["involvedObject"].get("name") == name]
    lines += [f"  event {event['reason']}: {event['message']}" for event in mine[-EVENTS:]]
    for status in statuses(pod):
        if status["ready"] or status["state"].get("terminated", {}).get("exitCode") == 0:
            continue
        state = json.dumps(status["state"])
        lines.append(f"  container {status['name']}: {state}, {status['restartCount']} restarts")
        lines += [f"    | {line}" for line in _log(cluster, namespace, name, status)]
    return "\n".join(lines)


def _log(cluster: Cluster, namespace: str, pod: str, status: dict[str, Any]) -> list[str]:
    """Return the last log lines of a container, of its last life if it has just died."""
    call = ["logs", "-n", namespace, pod, "-c", status["name"], f"--tail={LOG_LINES}"]
    if "waiting" in status["state"] and status["restartCount"]:
        call.append("--previous")
    try:
        return tail(cluster.kubectl(*call), LOG_LINES).splitlines()
    except ToolError:
        return ["(no log yet)"]
