"""The real Prometheus scrapes through the chart's monitors and policies, and its alerts fire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
import requests

from tests.e2e import prometheus
from tests.e2e.database import locked
from tests.e2e.installation import Installation
from tests.e2e.prometheus import Prometheus
from tests.smoke.release import HTTP_SECONDS
from tests.template.chart import CHART, load_yaml
from tools import rollout
from tools.errors import ToolError
from tools.poll import until
from tools.testbed import TestBed

LOCK_SECONDS = 3
# Rules that record for the panels are evaluated now and then, over what has been scraped twice.
PANELS_SECONDS = 300
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
        # A container that keeps ending is restarted after ever longer pauses.
        shorter = own.replace("[5m]", "[1m]").replace("[30m]", "[3m]")
        changes[name] = {"for": "0s", "expr": shorter}
    return changes


VALUES: dict[str, Any] = {
    "monitoring": {
        "serviceMonitors": {"enabled": True, "interval": "5s"},
        "rules": {"enabled": True},
        "dashboard": {"enabled": True},
    },
    # An autoscaler that changes nothing: it is on a panel.
    **{component: {"autoscaling": {"maxReplicas": 1}} for component in ("api", "web")},
}
# What the test cluster's volumes, folders of their nodes, do not tell.
SILENT = {"Database size B"}


@pytest.fixture(scope="module")
def watched(bed: TestBed, module_namespace: str) -> Installation:
    """A release with all of its monitoring."""
    rules = {"monitoring": {"rules": {"overrides": soon(module_namespace)}}}
    found = Installation.room(bed, module_namespace, VALUES, rules)
    found.install()
    return found


@pytest.fixture(scope="module")
def watcher(bed: TestBed, watched: Installation) -> Iterator[Prometheus]:  # noqa: ARG001 (order)
    """The Prometheus that watches it: begun after it, it need not wait for its configuration."""
    with prometheus.running(bed) as found:
        yield found


def health(watcher: Prometheus, watched: Installation) -> dict[str, set[str]]:
    """Return the health of the targets of each job."""
    found: dict[str, set[str]] = {}
    for (job, _), state in watcher.targets(watched.name).items():
        found.setdefault(job, set()).add(state)
    return found


def all_are(watcher: Prometheus, watched: Installation, state: str) -> None:
    """Wait until every target of every component is in one state."""
    wanted = {job: {state} for job in ("api", "web", "db")}
    until(lambda: health(watcher, watched) == wanted, seconds=90, what=f"all targets to be {state}")


@pytest.mark.row("S8", "S9", "B22")
def test_every_target_is_up(watcher: Prometheus, watched: Installation) -> None:
    all_are(watcher, watched, "up")
    pods = {
        (component, pod["metadata"]["name"])
        for component in ("api", "web", "db")
        for pod in watched.there.pods(component)
    }
    assert watcher.targets(watched.name).keys() >= pods


@pytest.mark.row("S14", "B15")
def test_every_rule_is_taken(watcher: Prometheus, watched: Installation) -> None:
    (made,) = watched.there.get("prometheusrules")["items"]
    names = {
        rule.get("alert") or rule["record"]
        for group in made["spec"]["groups"]
        for rule in group["rules"]
    }
    wanted = dict.fromkeys(names, "ok")
    until(
        lambda: watcher.rules(watched.name) == wanted,
        seconds=90,
        what="Prometheus to evaluate every rule",
    )


@pytest.mark.full
@pytest.mark.row("B15")
def test_every_panel_shows_something(watcher: Prometheus, watched: Installation) -> None:
    (text,) = watched.there.get("configmap", "dashboard")["data"].values()
    queries = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
    }

    with asking(watched) as ask, asking(watched, "web", 3000, "/") as look:

        def empty() -> set[str]:
            ask()
            look()
            return {name for name, query in queries.items() if not watcher.query(query)}

        with suppress(ToolError):  # the comparison says more
            until(lambda: empty() == SILENT, seconds=PANELS_SECONDS, what="all panels")
        assert empty() == SILENT


@pytest.mark.full
@pytest.mark.row("S9")
def test_whoever_is_not_the_monitoring_is_refused(
    watcher: Prometheus, watched: Installation
) -> None:
    """Pods are made anew, because a policy does not end connections that exist."""
    elsewhere = '{"kubernetes.io/metadata.name": null, "monitoring": "elsewhere"}'
    again = [f"--set={component}.podAnnotations.made=anew" for component in ("api", "web", "db")]
    selector = ("--set-json", f"networkPolicy.monitoringNamespaceSelector={elsewhere}")
    watched.install(*selector, *again)
    all_are(watcher, watched, "down")
    fires(watcher, watched, "TargetDown")
    watched.install(*again)
    all_are(watcher, watched, "up")
    resolves(watcher, watched, "TargetDown")


@pytest.mark.full
@pytest.mark.row("S14", "B15")
def test_alerts_of_a_database_that_is_away(watcher: Prometheus, watched: Installation) -> None:
    all_are(watcher, watched, "up")
    scale(watched, 0)
    with asking(watched) as ask:
        fires(watcher, watched, "DatabaseDown", meanwhile=ask)
        fires(watcher, watched, "HighErrorRate", meanwhile=ask)
    scale(watched, 1)
    rollout.wait(watched.bed.cluster, watched.name, seconds=120)
    with asking(watched) as ask:
        resolves(watcher, watched, "HighErrorRate", meanwhile=ask)
    resolves(watcher, watched, "DatabaseDown")
    all_are(watcher, watched, "up")


@pytest.mark.full
@pytest.mark.row("S14", "B15")
def test_the_alert_of_slow_answers(watcher: Prometheus, watched: Installation) -> None:
    all_are(watcher, watched, "up")

    with asking(watched) as ask:

        def ask_while_locked() -> None:
            with locked(watched.there, LOCK_SECONDS):
                ask()

        fires(watcher, watched, "HighLatency", meanwhile=ask_while_locked)
        resolves(watcher, watched, "HighLatency", meanwhile=ask)


@pytest.mark.full
@pytest.mark.row("S14", "B15")
def test_the_alert_of_restarts(watcher: Prometheus, watched: Installation) -> None:
    end = ("--", "node", "-e", "process.kill(1)")

    def restarted(times: int) -> bool:
        (pod,) = watched.there.pods("api")
        (status,) = pod["status"]["containerStatuses"]
        return bool(status["ready"]) and status["restartCount"] == times

    for times in (1, 2, 3):
        watched.there.kubectl("exec", "deployment/api", "-c", "api", *end)
        until(partial(restarted, times), seconds=120, what=f"restart {times}")
    fires(watcher, watched, "PodRestarts")
    resolves(watcher, watched, "PodRestarts")


@contextmanager
def asking(
    watched: Installation, component: str = "api", port: int = 3001, path: str = "/v1/stories"
) -> Iterator[Callable[[], None]]:
    """Yield a function that asks a component for something, whatever it answers."""
    with watched.there.forward(f"deployment/{component}", port) as base:

        def ask() -> None:
            requests.get(f"{base}{path}", timeout=HTTP_SECONDS)

        yield ask


def scale(watched: Installation, replicas: int) -> None:
    """Have so many databases."""
    watched.there.kubectl("scale", "statefulset/db", f"--replicas={replicas}")


def fires(
    watcher: Prometheus,
    watched: Installation,
    name: str,
    meanwhile: Callable[[], None] | None = None,
) -> None:
    """Wait until an alert fires, doing something meanwhile."""
    _is(watcher, watched, name, meanwhile, firing=True)


def resolves(
    watcher: Prometheus,
    watched: Installation,
    name: str,
    meanwhile: Callable[[], None] | None = None,
) -> None:
    """Wait until an alert does not fire any longer, doing something meanwhile."""
    _is(watcher, watched, name, meanwhile, firing=False)


def _is(
    watcher: Prometheus,
    watched: Installation,
    name: str,
    meanwhile: Callable[[], None] | None,
    *,
    firing: bool,
) -> None:
    def there() -> bool:
        if meanwhile:
            meanwhile()
        return (name in watcher.firing(watched.name)) == firing

    until(there, seconds=240, what=f"{name} to {'fire' if firing else 'resolve'}")
