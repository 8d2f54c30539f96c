"""The autoscaler follows the load without a lost request, and the database has room for the most.

The API scales by CPU. The web tier beside it is the control: its CPU target is taken out, and it
stays as it is under the same load.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import yaml

from tests.e2e import traffic
from tests.e2e.database import psql
from tests.e2e.replicas import Replicas, cpu
from tests.e2e.site import Site
from tools.paths import CHART, REPORT
from tools.poll import until
from tools.report import Event, Timeline, save
from tools.testbed import TestBed

HIGH, LOW = 80, 2
LEAST, MOST = 3, 20
# What a pod asks for, in thousandths of a core: so little that at HIGH all need be wanted.
REQUEST = 7
# In cores: what an autoscaler with the chart's 70 % would look at.
TARGET = 0.7 * REQUEST / 1000
OUT_SECONDS = 90
LOOK_SECONDS = 2
# The time between what the autoscaler does and a look at it.
SLACK_SECONDS = 3
POOL = 10
LOCK_SECONDS = 3
# While nobody gets at the table, each request holds a connection or waits for one.
BUSY = r"""
BEGIN;
LOCK TABLE stories IN ACCESS EXCLUSIVE MODE;
SELECT pg_sleep(LOCK_SECONDS) \g /dev/null
\! psql -U disney_app -d disney_app --no-psqlrc -tAc "SELECT 'accepted'" 2>&1
\! psql -U postgres -d disney_app --no-psqlrc -tAc "COUNT"
COMMIT;
"""
COUNT = """
SELECT json_build_object(
  'api', count(*) FILTER (WHERE application_name = 'api'),
  'clients', count(*),
  'most', current_setting('max_connections')::int,
  'reserved', current_setting('superuser_reserved_connections')::int)
FROM pg_stat_activity WHERE backend_type = 'client backend'
"""


def connections(site: Site) -> tuple[str, dict[str, int]]:
    """Fill the API's pools; return what a new client is told meanwhile, and who is connected."""
    text = BUSY.replace("LOCK_SECONDS", str(LOCK_SECONDS)).replace("COUNT", " ".join(COUNT.split()))
    told, counts = psql(site.there, text).strip().rsplit("\n", 1)
    return told, json.loads(counts)


def knows_the_load(site: Site) -> bool:
    """Tell whether the API's autoscaler has read the pods' use of CPU."""
    found = site.there.get("hpa", "api")["status"].get("currentMetrics") or []
    return any(
        metric.get("resource", {}).get("name") == "cpu" and metric["resource"]["current"]
        for metric in found
    )


@pytest.mark.full
@pytest.mark.row("S4", "S19", "B2", "B12")
def test_the_autoscaler_follows_the_load(
    bed: TestBed,
    namespace: str,
    record_property: Callable[[str, object], None],
) -> None:
    site = Site.room(bed, namespace)
    resources = {"requests": {"cpu": f"{REQUEST}m"}}
    site.overlay["api"].update(autoscaling={"maxReplicas": MOST}, resources=resources)
    site.overlay["web"].update(autoscaling={"cpu": None}, resources=resources)
    site.install()
    site.settle(api=LEAST, web=LEAST)
    until(lambda: knows_the_load(site), seconds=120, what="the autoscaler's metrics")

    seen = Replicas(site.there)
    seen.look()

    def ready(atleast: int) -> bool:
        return seen.look()["api"] >= atleast

    def wanted() -> int:
        seen.look()
        return int(seen.wanted["api"][-1][1])

    with site.there.edge(None, None) as edge:
        samples = REPORT / "scaling-high.csv"
        with traffic.steady(site.there, edge, samples, rate=HIGH, seconds=600) as high:
            begin = time.time()
            what = "another API pod to be ready under load"
            until(lambda: ready(LEAST + 1), seconds=OUT_SECONDS, what=what, every=LOOK_SECONDS)
            out = time.time() - begin
            what = f"{MOST} API pods"
            until(lambda: ready(MOST), seconds=300, what=what, every=LOOK_SECONDS)
            busy = cpu(site.there, "web")
            told, counts = connections(site)
            seen.look()
        end = time.time()
        samples = REPORT / "scaling-low.csv"
        with traffic.steady(site.there, edge, samples, rate=LOW, seconds=3600) as low:
            what = f"the API to be back at {LEAST} pods"
            until(lambda: wanted() == LEAST, seconds=2400, what=what, every=LOOK_SECONDS)
            site.settle(api=LEAST, web=LEAST)
            seen.look()

    results = high.results() + low.results()
    draw(seen, begin, end, results.failures)
    record_property("scaled out", f"after {out:.0f} s; connections at {MOST} pods: {counts}")
    assert results.failures == []
    # The control: as busy, and nobody looked at its CPU.
    assert busy > TARGET
    assert {count for _, count in seen.wanted["web"]} == {LEAST}
    assert_by_the_rules(seen.steps("api", end - seen.origin), end - seen.origin)
    # With every pool filled to the brim, as most of them are, there is room for others.
    assert told == "accepted"
    assert counts["api"] > MOST * POOL / 2
    others = counts["clients"] - counts["api"]
    assert MOST * POOL + others < counts["most"] - counts["reserved"]


def assert_by_the_rules(steps: list[tuple[float, int, int]], since: float) -> None:
    """Check that pods went as late, as few at a time and as slowly as the chart's rules say."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    rules = values["api"]["autoscaling"]["behavior"]["scaleDown"]
    percent, pods = (policy["value"] for policy in rules["policies"])
    (period,) = {policy["periodSeconds"] for policy in rules["policies"]}
    assert steps[0][0] - since >= rules["stabilizationWindowSeconds"] - SLACK_SECONDS
    for _, old, new in steps:
        assert 0 < old - new <= max(pods, math.ceil(old * percent / 100))
    for (earlier, *_), (later, *_) in pairwise(steps):
        assert later - earlier >= period - SLACK_SECONDS


def draw(seen: Replicas, begin: float, end: float, failures: Any) -> None:
    """Save the replicas over time."""
    last = seen.ready["api"][-1][0]
    timeline = Timeline(
        title="The autoscaler follows the load",
        note="web is the control: its CPU target is taken out.",
        unit="pods",
        series={
            "api wanted": seen.wanted["api"],
            "api ready": seen.ready["api"],
            "web ready": seen.ready["web"],
        },
        events=[
            Event(begin - seen.origin, end - seen.origin, f"{HIGH} requests a second"),
            Event(end - seen.origin, last, f"{LOW} requests a second"),
        ],
        failures=[(failure.time - seen.origin, failure.reason) for failure in failures],
    )
    save("scaling", timeline)
