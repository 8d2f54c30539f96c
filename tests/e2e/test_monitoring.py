"""The real Prometheus scrapes through the chart's monitors and policies, and its alerts fire."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
import requests

from tests.e2e import namespaces, prometheus
from tests.e2e.prometheus import Prometheus
from tests.smoke.release import HTTP_SECONDS, Release
from tests.template.chart import CHART, load_yaml
from tools import release as releases
from tools import rollout, testbed
from tools.errors import ToolError
from tools.lab.helm import merge
from tools.poll import until
from tools.testbed import TestBed

SOON = ("DatabaseDown", "HighErrorRate", "HighLatency", "PodRestarts", "TargetDown")


def soon(namespace: str) -> dict[str, dict[str, str]]:
    """Return changes that let alerts fire at once and resolve within minutes; limits stay.

    How long a condition must hold, and over which time, is what promtool's cases are for.
    """
    files = (CHART / "files" / "rules").glob("*.yaml")
    groups = [group for file in files for group in load_yaml(file)["groups"]]
    rules = {rule.get("alert"): rule["expr"] for group in groups for rule in group["rules"]}
    changes = {}
    for name in SOON:
        own = rules[name].replace("NAMESPACE", namespace).replace("PREFIX", "")
        shorter = re.sub(r"\[(5|30)m\]", "[1m]", own)
        changes[name] = {"for": "0s", "expr": shorter}
    return changes


VALUES: dict[str, Any] = {
    "monitoring": {
        "serviceMonitors": {"enabled": True, "interval": "5s"},
        "rules": {"enabled": True},
        "dashboard": {"enabled": True},
    },
    # One replica each: alerts count them, not this test.
    **{
        component: {"autoscaling": {"enabled": False}, "replicas": 1}
        for component in ("api", "web")
    },
}
# What the test cluster's volumes, folders of their nodes, do not tell.
SILENT = {"Database size B"}


class Watched:
    """A release of its own, and how to change it."""

    def __init__(self, bed: TestBed, namespace: str) -> None:
        """Install it."""
        self.bed, self.namespace = bed, namespace
        room = testbed.room(bed, namespace, f"{namespace}.localhost")
        self._overlay = merge(
            room, VALUES, {"monitoring": {"rules": {"overrides": soon(namespace)}}}
        )
        self.release = Release(namespace, "")
        self.install()

    def install(self, **changes: Any) -> None:
        """Install or upgrade it, with some values changed."""
        releases.install(self.bed.cluster, merge(self._overlay, changes), namespace=self.namespace)


@pytest.fixture(scope="module")
def watched(bed: TestBed, tools_on_path: None) -> Iterator[Watched]:  # noqa: ARG001 (order)
    """A release with all of its monitoring."""
    with namespaces.temporary(bed) as namespace:
        yield Watched(bed, namespace)


@pytest.fixture(scope="module")
def watcher(bed: TestBed) -> Iterator[Prometheus]:
    """The Prometheus that watches the cluster."""
    with prometheus.running(bed) as found:
        yield found


def health(watcher: Prometheus, watched: Watched) -> dict[str, set[str]]:
    """Return the health of the targets of each job."""
    found: dict[str, set[str]] = {}
    for (job, _), state in watcher.targets(watched.namespace).items():
        found.setdefault(job, set()).add(state)
    return found


def all_are(watcher: Prometheus, watched: Watched, state: str) -> None:
    """Wait until every target of every component is in one state."""
    wanted = {job: {state} for job in ("api", "web", "db")}
    until(lambda: health(watcher, watched) == wanted, seconds=90, what=f"all targets to be {state}")


@pytest.mark.row("S8", "S9", "B22")
def test_every_target_is_up(watcher: Prometheus, watched: Watched) -> None:
    all_are(watcher, watched, "up")
    pods = {
        (component, pod["metadata"]["name"])
        for component in ("api", "web", "db")
        for pod in watched.release.pods(component)
    }
    assert watcher.targets(watched.namespace).keys() >= pods


@pytest.mark.row("S14", "B15")
def test_every_rule_is_taken(watcher: Prometheus, watched: Watched) -> None:
    (made,) = watched.release.get("prometheusrules")["items"]
    names = {
        rule.get("alert") or rule["record"]
        for group in made["spec"]["groups"]
        for rule in group["rules"]
    }
    wanted = dict.fromkeys(names, "ok")
    until(
        lambda: watcher.rules(watched.namespace) == wanted,
        seconds=90,
        what="Prometheus to evaluate every rule",
    )


@pytest.mark.full
@pytest.mark.row("B15")
def test_every_panel_shows_something(watcher: Prometheus, watched: Watched) -> None:
    (text,) = watched.release.get("configmap", "dashboard")["data"].values()
    queries = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
    }

    def empty() -> set[str]:
        return {name for name, query in queries.items() if not watcher.query(query)}

    with suppress(ToolError):  # the comparison says more
        until(lambda: empty() == SILENT, seconds=120, what="all panels to have data")
    assert empty() == SILENT


@pytest.mark.full
@pytest.mark.row("S9")
def test_whoever_is_not_the_monitoring_is_refused(watcher: Prometheus, watched: Watched) -> None:
    """Pods are made anew, because a policy does not end connections that exist."""
    elsewhere = {"kubernetes.io/metadata.name": None, "monitoring": "elsewhere"}
    again = {"podAnnotations": {"made": "anew"}}
    pods = dict.fromkeys(("api", "web", "db"), again)
    watched.install(networkPolicy={"monitoringNamespaceSelector": elsewhere}, **pods)
    all_are(watcher, watched, "down")
    fires(watcher, watched, "TargetDown")
    watched.install(**pods)
    all_are(watcher, watched, "up")
    resolves(watcher, watched, "TargetDown")


@pytest.mark.full
@pytest.mark.row("S14", "B15")
def test_alerts_of_a_database_that_is_away(watcher: Prometheus, watched: Watched) -> None:
    all_are(watcher, watched, "up")
    scale(watched, 0)
    with asking(watched) as ask:
        fires(watcher, watched, "DatabaseDown", meanwhile=ask)
        fires(watcher, watched, "HighErrorRate", meanwhile=ask)
    scale(watched, 1)
    rollout.wait(watched.bed.cluster, watched.namespace, seconds=120)
    with asking(watched) as ask:
        resolves(watcher, watched, "HighErrorRate", meanwhile=ask)
    resolves(watcher, watched, "DatabaseDown")


@pytest.mark.full
@pytest.mark.row("S14", "B15")
def test_the_alert_of_slow_answers(watcher: Prometheus, watched: Watched) -> None:
    all_are(watcher, watched, "up")
    lock = "BEGIN; LOCK TABLE stories; SELECT pg_sleep(1)"
    command = ("psql", "-U", "postgres", "-d", "disney_app", "-c", lock)

    def ask_while_locked() -> None:
        with ThreadPoolExecutor() as pool:
            locked = pool.submit(
                watched.release.kubectl, "exec", "db-0", "-c", "postgres", "--", *command
            )
            while not locked.done():
                ask()
            locked.result()

    with asking(watched) as ask:
        fires(watcher, watched, "HighLatency", meanwhile=ask_while_locked)
        resolves(watcher, watched, "HighLatency", meanwhile=ask)


@pytest.mark.full
@pytest.mark.row("S14", "B15")
def test_the_alert_of_restarts(watcher: Prometheus, watched: Watched) -> None:
    end = ("--", "node", "-e", "process.kill(1)")

    def restarted(times: int) -> bool:
        (pod,) = watched.release.pods("api")
        (status,) = pod["status"]["containerStatuses"]
        return bool(status["ready"]) and status["restartCount"] == times

    for times in (1, 2, 3):
        watched.release.kubectl("exec", "deployment/api", "-c", "api", *end)
        until(partial(restarted, times), seconds=120, what=f"restart {times}")
    fires(watcher, watched, "PodRestarts")
    resolves(watcher, watched, "PodRestarts")


@contextmanager
def asking(watched: Watched) -> Iterator[Callable[[], None]]:
    """Yield a function that asks the API for stories, whatever it answers."""
    with watched.release.forward("deployment/api", 3001) as base:

        def ask() -> None:
            requests.get(f"{base}/v1/stories", timeout=HTTP_SECONDS)

        yield ask


def scale(watched: Watched, replicas: int) -> None:
    """Have so many databases."""
    watched.release.kubectl("scale", "statefulset/db", f"--replicas={replicas}")


def fires(
    watcher: Prometheus, watched: Watched, name: str, meanwhile: Callable[[], None] | None = None
) -> None:
    """Wait until an alert fires, doing something meanwhile."""
    _is(watcher, watched, name, meanwhile, firing=True)


def resolves(
    watcher: Prometheus, watched: Watched, name: str, meanwhile: Callable[[], None] | None = None
) -> None:
    """Wait until an alert does not fire any longer, doing something meanwhile."""
    _is(watcher, watched, name, meanwhile, firing=False)


def _is(
    watcher: Prometheus,
    watched: Watched,
    name: str,
    meanwhile: Callable[[], None] | None,
    *,
    firing: bool,
) -> None:
    def there() -> bool:
        if meanwhile:
            meanwhile()
        return (name in watcher.firing(watched.namespace)) == firing

    until(there, seconds=240, what=f"{name} to {'fire' if firing else 'resolve'}")
