"""Everything that people and programs get to read of a release, beside its Secrets."""

from __future__ import annotations

import json
from pathlib import Path

import requests
import yaml

from tests.e2e.helm import helm
from tests.smoke.release import HTTP_SECONDS, Release
from tools import bundle, rollout
from tools.cluster import Cluster
from tools.errors import ToolError
from tools.paths import REPORT

METRICS = {"deployment/web": 3000, "deployment/api": 3001, "statefulset/db": 9187}
COMMAND_LINES = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"


def everything(cluster: Cluster, release: Release, name: str, folder: Path) -> dict[str, str]:
    """Return texts by what they are; a log bundle is made in `folder`."""
    found = {**objects(cluster, release.namespace), **logs(cluster, release.namespace)}
    found |= told_by_helm(release.namespace, name)
    found |= metrics(release)
    for node in cluster.get("nodes")["items"]:
        node = node["metadata"]["name"]
        command = ("exec", node, "bash", "-c", COMMAND_LINES)
        found[f"command lines on {node}"] = cluster.engine.run(*command)
    bundle.collect(cluster, release.namespace, folder)
    for where in (folder, REPORT):
        for path in where.rglob("*"):
            if path.is_file():
                found[f"report: {path.relative_to(where)}"] = path.read_text(errors="replace")
    return found


def objects(cluster: Cluster, namespace: str) -> dict[str, str]:
    """Return all objects of a namespace by kind, as the API server has them; no Secrets."""
    kinds = cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name")
    wanted = ",".join(kind for kind in kinds.split() if kind != "secrets")
    found: dict[str, str] = {}
    for item in cluster.get(wanted, "-n", namespace, "--show-managed-fields")["items"]:
        found[item["kind"]] = f"{found.get(item['kind'], '')}{json.dumps(item)}\n"
    return {**found, "kubectl describe pods": cluster.kubectl("describe", "pods", "-n", namespace)}


def logs(cluster: Cluster, namespace: str) -> dict[str, str]:
    """Return the log of each container, and of its life before."""
    found = {}
    for pod in cluster.get("pods", "-n", namespace)["items"]:
        for status in rollout.statuses(pod):
            name = pod["metadata"]["name"]
            call = ("logs", name, "-c", status["name"], "-n", namespace)
            place = f"log of {name}/{status['name']}"
            try:
                found[place] = cluster.kubectl(*call)
                if status["restartCount"]:
                    found[f"{place}, before"] = cluster.kubectl(*call, "--previous")
            except ToolError as error:  # a container that has not started yet
                found[f"{place}, none"] = str(error)
    return found


def told_by_helm(namespace: str, name: str) -> dict[str, str]:
    """Return what Helm shows of a release; of its manifest, what is no Secret."""
    found = {
        f"helm {' '.join(words)}": helm(*words, name, namespace=namespace)
        for words in (("get", "notes"), ("get", "hooks"), ("status",), ("history",))
    }
    manifest = yaml.safe_load_all(helm("get", "manifest", name, namespace=namespace))
    kept = [each for each in manifest if each and each["kind"] != "Secret"]
    return {**found, "helm get manifest": yaml.safe_dump_all(kept, width=100_000)}


def metrics(release: Release) -> dict[str, str]:
    """Return the metrics of each component."""
    found = {}
    for target, port in METRICS.items():
        with release.forward(target, port) as base:
            answer = requests.get(f"{base}/metrics", timeout=HTTP_SECONDS)
        assert answer.status_code == 200
        found[f"metrics of {target}"] = answer.text
    return found
