"""`nox -s load` on a real cluster, small: it judges a release that is well, and one that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import uncaptured
from tools.capacity import bars, command
from tools.capacity.room import installed, namespace
from tools.capacity.trial import Plan, measure
from tools.testbed import TestBed

PLAN = Plan(users=100, think=5, ramp=10, hold=30)
# 300 requests a second cost the API 120 ms of CPU or more; it may have 60, and has no second pod.
CROWD = Plan(users=1500, think=5, ramp=20, hold=30)
STARVED = (
    *("--set", "api.autoscaling.enabled=false", "--set", "api.replicas=1"),
    *("--set", "api.resources.requests.cpu=60m", "--set", "api.resources.limits.cpu=60m"),
)


@pytest.mark.full
@pytest.mark.row("S19")
def test_a_release_that_is_well_is_fast_and_its_cost_is_known(
    bed: TestBed, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with uncaptured(request), namespace(bed, keep=True), installed(bed) as room:
        found = measure(room, PLAN, tmp_path / "load.csv").figures
    missed = [bar for bar in bars.judge(found, command.LIMIT_MS) if not bar.kept]
    assert missed == []
    for name in ("edge", "web", "api", "db"):
        used = found.components[name]
        assert used.cores > used.idle_cores, name
        assert used.memory > 10e6, name
    assert found.pods == {"api": 3, "web": 3}
    assert found.connections["allowed"] == room.values["db"]["maxConnections"]
    assert 0 < found.connections["api"] <= 3 * room.values["api"]["poolSize"]


@pytest.mark.full
@pytest.mark.row("S19")
def test_a_release_that_is_starved_misses_the_bars(
    bed: TestBed, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The control."""
    with uncaptured(request), namespace(bed, keep=False), installed(bed, STARVED) as room:
        found = measure(room, CROWD, tmp_path / "load.csv").figures
    missed = {bar.name for bar in bars.judge(found) if not bar.kept}
    # Too slow for its probes, it may be taken out of service: then nobody is there to be slow.
    assert missed & {"API p99", "errors"}
    assert not command.within(found)
