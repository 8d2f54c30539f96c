"""More API connections than the server has, and a pooler that nobody notices being replaced.

The server accepts 30 connections, and two replicas of the API may open 40. All of it is encrypted
and verified, from the API to the pooler and from there to the database.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import sh

from tests.e2e import patched, traffic
from tests.e2e.database import locked, psql
from tests.e2e.installation import Installation
from tests.smoke.release import Edge, Release
from tools import rollout, testbed
from tools.errors import ToolError
from tools.paths import CHART, REPORT, REPOSITORY
from tools.poll import until
from tools.report.parts import Table, save
from tools.testbed import TestBed

POOLERS = "app.kubernetes.io/component=pooler"
CONNECTIONS, REPLICAS, POOL, POOLER_POOL = 30, 2, 20, 5
VALUES: dict[str, Any] = {
    "api": {"replicas": REPLICAS, "poolSize": POOL, "autoscaling": {"enabled": False}},
    "web": {"replicas": 1, "autoscaling": {"enabled": False}},
    "db": {
        "maxConnections": CONNECTIONS,
        "tls": {"enabled": True, "secretName": testbed.DATABASE_SECRET},
    },
    "pooler": {
        "enabled": True,
        "poolSize": POOLER_POOL,
        "tls": {"secretName": "pooler-tls"},
        # The API keeps a connection for 15 seconds.
        "drain": {"preStopSeconds": 5, "gracePeriodSeconds": 30},
    },
}
WITHOUT = {"pooler": {"enabled": False}}
# Together more than all pools hold. Each waits until the lock is gone; the API gives up after 5 s.
CROWD = 80
LOCK_SECONDS = 3
RATE = 20
SETTLE_SECONDS = 180
# Policies take effect a moment after a pod has started.
POLICY_SECONDS = 30
# From when another server is ready until stories come again: the pause before a login, and some.
FOUND_SECONDS = 10
ALL_TAKEN = "too many clients already"
MIGRATIONS = sorted(path.name for path in (REPOSITORY / "images/api/migrations").glob("*.sql"))


@dataclass(frozen=True)
class Crowd:
    """What became of requests that all came at once, and the most connections there were."""

    statuses: Counter[int]
    held: int  # by the API's pools
    served: int  # by the server, over the network


def install(bed: TestBed, namespace: str, *changes: dict[str, Any], chart: Path = CHART) -> Release:
    """Install a release with a certificate for its pooler."""
    found = Installation.room(bed, namespace, VALUES, *changes)
    issued = testbed.database_authority(bed.cluster, namespace).issue(["pooler"])
    testbed.secret(bed.cluster, namespace, "pooler-tls", testbed.tls_secret(issued))
    found.install(chart=chart)
    return found.there


def served(there: Release) -> int:
    """Return how many connections the server holds for what comes over the network.

    A connection takes its slot before it is known whose it is, so that a crowd which logs in holds
    those reserved for superusers, too: who is told so then has seen them all taken.
    """
    text = "SELECT count(*) FROM pg_stat_activity WHERE client_addr IS NOT NULL"
    query = ("psql", "-U", "postgres", "-d", "disney_app", "--no-psqlrc", "-Atc", text)
    try:
        return int(there.kubectl("exec", "db-0", "-c", "postgres", "--", *query))
    except sh.ErrorReturnCode as error:
        if ALL_TAKEN.encode() in error.stderr:
            return CONNECTIONS
        raise


def held(urls: list[str]) -> int:
    """Return how many connections the API's pods say that they hold."""
    found = 0
    for url in urls:
        for line in requests.get(f"{url}/metrics", timeout=10).text.splitlines():
            if line.startswith("db_pool_connections") and 'state="total"' in line:
                found += int(float(line.split()[-1]))
    return found


def crowd(there: Release, edge: Edge) -> Crowd:
    """Ask for stories, all at once, while nobody gets any."""

    def ask(number: int) -> int:
        del number
        with edge.session() as session:
            return int(session.get(edge.url("/v1/stories?limit=1"), timeout=60).status_code)

    first, second = (pod["metadata"]["name"] for pod in there.pods("api"))
    with (
        there.forward(f"pod/{first}", 3001) as one,
        there.forward(f"pod/{second}", 3001) as other,
        ThreadPoolExecutor(CROWD) as visitors,
    ):
        with locked(there, LOCK_SECONDS):
            answers = [visitors.submit(ask, number) for number in range(CROWD)]
            most = (0, 0)
            while not all(answer.done() for answer in answers):
                now = (held([one, other]), served(there))
                most = max(most[0], now[0]), max(most[1], now[1])
        return Crowd(Counter(answer.result() for answer in answers), *most)


def replaced(there: Release, pods: int, act: Callable[[], object]) -> list[float]:
    """Do something that ends so many poolers, and wait until others are ready and they are gone.

    Returns:
        how many seconds each had left until it would have been killed.
    """
    deadlines: dict[str, float] = {}
    left: dict[str, float] = {}

    def done() -> bool:
        found = {p["metadata"]["uid"]: p for p in there.get("pods", "", "-l", POOLERS)["items"]}
        for uid, pod in found.items():
            if until_then := pod["metadata"].get("deletionTimestamp"):
                deadlines[uid] = datetime.fromisoformat(until_then).timestamp()
        for uid in deadlines.keys() - found.keys() - left.keys():
            left[uid] = deadlines[uid] - time.time()
        ready = [pod for uid, pod in found.items() if uid not in deadlines and rollout.ready(pod)]
        return len(left) == pods and len(ready) == 2

    act()
    until(done, seconds=SETTLE_SECONDS, what=f"{pods} poolers to be replaced", every=1)
    return list(left.values())


def operate(there: Release, on: traffic.Traffic) -> list[float]:
    """Replace the poolers as a rollout and as a deletion does; see `replaced`."""
    with on.event("nothing happens"):
        on.wait_for(5 * RATE, seconds=60)
    with on.event("rollout of the pooler"):
        restart = ("rollout", "restart", "deployment/pooler")
        left = replaced(there, 2, lambda: there.kubectl(*restart))
    with on.event("a pooler deleted"):
        name = there.pods("pooler")[0]["metadata"]["name"]
        left += replaced(there, 1, lambda: there.kubectl("delete", "pod", name, "--wait=false"))
    with on.event("nothing happens"):
        on.wait_for(5 * RATE, seconds=60)
    return left


def wait_for_stories(edge: Edge) -> None:
    """Wait until the edge has found the API, and that the database."""

    def there() -> bool:
        with edge.session() as session, suppress(requests.RequestException):
            return bool(session.get(edge.url("/v1/stories?limit=1")).status_code == 200)
        return False

    until(there, seconds=SETTLE_SECONDS, what="stories through the edge")


def found_again(there: Release, edge: Edge) -> float:
    """Replace the server's pod; return how long after it is ready stories come again."""
    address = there.get("pod", "db-0")["status"]["podIP"]
    there.kubectl("delete", "pod", "db-0")
    there.kubectl("rollout", "status", "statefulset/db", f"--timeout={SETTLE_SECONDS}s")
    began = time.time()
    wait_for_stories(edge)
    assert there.get("pod", "db-0")["status"]["podIP"] != address
    return time.time() - began


@pytest.mark.row("B8", "B20", "S9")
def test_the_pooler_is_the_apis_only_way_to_the_database(
    bed: TestBed, namespace: str, connect: Callable[[str, str, str, int], str]
) -> None:
    there = install(bed, namespace)
    # The migrations went to the server, where their lock holds.
    applied = psql(there, "SELECT file FROM schema_migrations ORDER BY version").split()
    assert applied == MIGRATIONS
    # The API has no other way to the database, and the pooler has the way to it.
    doors = {"pooler": 6432, "db": 5432}

    def opened() -> dict[str, str]:
        return {name: connect(namespace, "deployment/api", name, doors[name]) for name in doors}

    expected = {"pooler": "connected", "db": "refused"}
    until(lambda: opened() == expected, seconds=POLICY_SECONDS, what=f"the ways to be {expected}")
    with there.edge(None, None) as edge:
        wait_for_stories(edge)


@pytest.mark.full
@pytest.mark.row("B9")
def test_nobody_notices_that_the_pooler_is_replaced(
    bed: TestBed, namespace: str, record_property: Callable[[str, object], None]
) -> None:
    there = install(bed, namespace)
    samples = REPORT / "pooler.csv"
    with there.edge(None, None) as edge:
        wait_for_stories(edge)
        before = int(psql(there, "SELECT count(*) FROM stories"))
        with traffic.steady(there, edge, samples, rate=RATE, seconds=600) as on:
            left = operate(there, on)
        found = found_again(there, edge)
    results = on.results()
    note = f"{RATE} requests a second through the edge, an eighth of them writes."
    traffic.draw("pooler", "The pooler is replaced", note, on, results)
    record_property("requests", f"{len(results.requests)}, {len(results.failures)} failed")
    record_property("seconds left", [round(seconds, 1) for seconds in left])
    record_property("seconds until another server was found", round(found, 1))

    assert results.failures == []
    writes = sum(sent.method == "POST" for sent in results.requests)
    assert writes > 0.1 * len(results.requests)
    assert int(psql(there, "SELECT count(*) FROM stories")) - before >= writes
    # They ended by themselves, when their last client had left.
    assert min(left) > 0
    assert found <= FOUND_SECONDS


@pytest.mark.full
@pytest.mark.row("B2", "S19")
def test_more_connections_than_the_server_has(
    bed: TestBed, namespace: str, record_property: Callable[[str, object], None]
) -> None:
    there = install(bed, namespace)
    with there.edge(None, None) as edge:
        wait_for_stories(edge)
        seen = crowd(there, edge)
        record_property("crowd", repr(seen))
        table_of(seen, "with the pooler")
        assert seen.statuses == {200: CROWD}
        assert seen.held > CONNECTIONS
        assert seen.served <= 2 * POOLER_POOL


@pytest.mark.full
@pytest.mark.row("B2", "B14")
def test_control_without_the_pooler_the_install_is_refused_or_runs_out_of_connections(
    bed: TestBed, namespace: str, record_property: Callable[[str, object], None]
) -> None:
    with pytest.raises(ToolError, match=f"db.maxConnections: {CONNECTIONS} is less than the 88"):
        install(bed, namespace, WITHOUT)
    with patched.without(
        "templates/_contradictions.tpl", r'\{\{- include "budget\.problem" \. \}\}\n'
    ) as chart:
        there = install(bed, namespace, WITHOUT, chart=chart)
    with there.edge(None, None) as edge:
        wait_for_stories(edge)
        seen = crowd(there, edge)
    record_property("crowd", repr(seen))
    assert seen.statuses[503] > 0
    assert seen.served > 2 * POOLER_POOL
    log = there.kubectl("logs", "db-0", "-c", "postgres")
    assert "remaining connection slots are reserved" in log or ALL_TAKEN in log
    table_of(seen, "without it")


@pytest.mark.full
@pytest.mark.row("B9")
def test_control_connections_that_are_kept_for_ever_keep_a_pooler_until_it_is_killed(
    bed: TestBed, namespace: str, record_property: Callable[[str, object], None]
) -> None:
    with patched.without(
        "templates/api/configmap.yaml", r"DATABASE_CONNECTION_SECONDS: [^\n]*\n"
    ) as chart:
        there = install(bed, namespace, chart=chart)
    samples = REPORT / "pooler-control.csv"
    with there.edge(None, None) as edge:
        wait_for_stories(edge)
        with traffic.steady(there, edge, samples, rate=RATE, seconds=600) as on:
            left = operate(there, on)
    results = on.results()
    record_property("requests", f"{len(results.requests)}, {len(results.failures)} failed")
    record_property("seconds left", [round(seconds, 1) for seconds in left])
    # Some client was always there. Whether a request is lost then is a matter of luck.
    assert min(left) <= 0


@pytest.mark.full
@pytest.mark.row("B2", "S17")
def test_it_is_turned_on_in_a_running_release_in_two_upgrades(
    bed: TestBed, namespace: str, record_property: Callable[[str, object], None]
) -> None:
    """As docs/scaling.md says; the server has room for both meanwhile."""
    roomy = {"db": {"maxConnections": 100}}
    there = install(bed, namespace, roomy, WITHOUT)
    samples = REPORT / "pooler-on.csv"
    with there.edge(None, None) as edge:
        wait_for_stories(edge)
        with traffic.steady(there, edge, samples, rate=RATE, seconds=600) as on:
            with on.event("first upgrade"):
                install(bed, namespace, roomy, {"pooler": {"required": False}})
            with on.event("second upgrade"):
                install(bed, namespace, roomy)
                on.wait_for(10 * RATE, seconds=60)
    results = on.results()
    record_property("requests", f"{len(results.requests)}, {len(results.failures)} failed")
    assert results.failures == []


def table_of(seen: Crowd, label: str) -> None:
    """Save what became of a crowd."""
    statuses = ", ".join(f"{count} × {status}" for status, count in sorted(seen.statuses.items()))
    save(
        f"pooler-crowd-{label.split()[0]}",
        Table(
            f"{CROWD} requests at once, {label}",
            f"The server accepts {CONNECTIONS} connections; two replicas of the API may open "
            f"{REPLICAS * POOL}.",
            ["answers", "the API's pools held", "the server held"],
            [[statuses, str(seen.held), str(seen.served)]],
        ),
    )
