"""The real Prometheus, run by its operator, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import requests

from tests.smoke.release import HTTP_SECONDS, Release
from tools import cluster, images, testbed
from tools.poll import until
from tools.proc import together
from tools.testbed import TestBed

MANIFEST = Path(__file__).parent / "manifests" / "prometheus.yaml"
NAMESPACE = "monitoring"
# Image, module, program.
PROGRAMS = {
    "operator": ("prometheus-operator", "operator"),
    "reloader": ("prometheus-operator", "prometheus-config-reloader"),
    "prometheus": ("prometheus", "prometheus"),
    "kube_state_metrics": ("kube-state-metrics", "kube-state-metrics"),
}


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus at a base URL."""

    base: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an expression comes to now: `metric` and `value` of each."""
        found: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return found

    def targets(self, namespace: str) -> dict[tuple[str, str], str]:
        """Return health by job and pod of the targets in a namespace."""
        return {
            (target["labels"]["job"], target["labels"]["pod"]): target["health"]
            for target in self._get("targets", state="active")["activeTargets"]
            if target["labels"].get("namespace") == namespace
        }

    def rules(self, namespace: str) -> dict[str, str]:
        """Return the health of the rules whose file is a namespace's, by name."""
        return {
            rule["name"]: f"{rule['health']} {rule.get('lastError', '')}".strip()
            for rule in self._own(namespace)
        }

    def firing(self, namespace: str) -> set[str]:
        """Return the names of the alerts of a namespace's rules that fire now."""
        return {
            alert["labels"]["alertname"]
            for rule in self._own(namespace, type="alert")
            for alert in rule["alerts"]
            if alert["state"] == "firing"
        }

    def _own(self, namespace: str, **parameters: str) -> list[dict[str, Any]]:
        """Return the rules whose file is a namespace's."""
        return [
            rule
            for group in self._get("rules", **parameters)["groups"]
            if Path(group["file"]).name.startswith(f"{namespace}-")
            for rule in group["rules"]
        ]

    def _get(self, path: str, **parameters: str) -> Any:
        answer = requests.get(f"{self.base}/api/v1/{path}", parameters, timeout=HTTP_SECONDS)
        assert answer.ok, answer.text
        return answer.json()["data"]


@contextmanager
def running(bed: TestBed) -> Iterator[Prometheus]:
    """Run operator, Prometheus and kube-state-metrics for as long as the context lasts."""
    engine = bed.cluster.engine
    built = together(
        *(
            lambda tool=tool, program=program: images.program(engine, program, tool, program)
            for tool, program in PROGRAMS.values()
        )
    )
    cluster.load(bed.cluster, built)
    names = {name: image.reference for name, image in zip(PROGRAMS, built, strict=True)}
    manifest = Template(MANIFEST.read_text(encoding="utf-8")).substitute(names)
    until(
        lambda: not testbed.terminating(bed.cluster, NAMESPACE),
        seconds=120,
        what=f"an older {NAMESPACE} to go",
    )
    bed.cluster.kubectl("apply", "--server-side", "-f", "-", stdin=manifest)
    try:
        for name in ("operator", "kube-state-metrics"):
            _rolled_out(bed, f"deployment/{name}")
        until(lambda: _made(bed), seconds=60, what="the operator to make the StatefulSet")
        _rolled_out(bed, "statefulset/prometheus-test")
        with Release(NAMESPACE, "").forward("pod/prometheus-test-0", 9090) as base:
            yield Prometheus(base)
    finally:
        bed.cluster.kubectl(
            "delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=manifest
        )


def _made(bed: TestBed) -> bool:
    words = ("get", "statefulset", "prometheus-test", "-n", NAMESPACE, "--ignore-not-found")
    return bool(bed.cluster.kubectl(*words))


def _rolled_out(bed: TestBed, name: str) -> None:
    bed.cluster.kubectl("rollout", "status", name, "-n", NAMESPACE, "--timeout=120s")
