"""Metrics: Prometheus text, with everything that the alerts read."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import requests
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.smoke.release import HTTP_SECONDS, Release

# Sample names that rules and dashboards use, by component.
HTTP = {
    "http_requests_total",
    "http_request_duration_seconds_bucket",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
}
WANTED = {
    "api": {*HTTP, "db_pool_connections", "db_pool_size"},
    "web": {*HTTP, "api_requests_total"},
    "db": {"pg_up", "pg_settings_max_connections", "pg_stat_activity_count"},
}
PORTS = {"api": 3001, "web": 3000, "db": 9187}
# A page to ask the scraped pod for first: a request elsewhere is counted by another replica.
VISITS = {"api": "/v1/stories", "web": "/"}


def scrape(release: Release, component: str) -> list[Metric]:
    """Return the metric families of one pod of a component that has had a visitor.

    Raises:
        ValueError: the text is no Prometheus text.
    """
    kind = "statefulset" if component == "db" else "deployment"
    with release.forward(f"{kind}/{release.prefix}{component}", PORTS[component]) as base:
        if component in VISITS:
            requests.get(base + VISITS[component], timeout=HTTP_SECONDS).raise_for_status()
        answer = requests.get(f"{base}/metrics", timeout=HTTP_SECONDS)
    assert answer.status_code == 200
    return list(text_string_to_metric_families(answer.text))


def samples(families: Iterable[Metric]) -> set[str]:
    """Return the names of all samples."""
    return {sample.name for family in families for sample in family.samples}


@pytest.mark.row("S8", "S14")
@pytest.mark.parametrize("component", list(WANTED))
def test_metrics_carry_what_the_alerts_read(release: Release, component: str) -> None:
    missing = WANTED[component] - samples(scrape(release, component))
    assert not missing


@pytest.mark.row("S7")
def test_the_exporter_reaches_the_database(release: Release) -> None:
    (up,) = (
        sample.value
        for family in scrape(release, "db")
        for sample in family.samples
        if sample.name == "pg_up"
    )
    assert up == 1


@pytest.mark.row("S19")
def test_the_latency_histogram_has_the_200_ms_bucket(release: Release) -> None:
    bounds = {
        sample.labels["le"]
        for family in scrape(release, "api")
        for sample in family.samples
        if sample.name == "http_request_duration_seconds_bucket"
    }
    assert "0.2" in bounds
