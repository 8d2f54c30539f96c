"""Health and readiness, asked of the pods themselves."""

from __future__ import annotations

import pytest
import requests

from tests.smoke.release import HTTP_SECONDS, Release


@pytest.mark.row("S5")
@pytest.mark.parametrize(
    ("component", "port", "path"),
    [("api", 3001, "/healthz"), ("api", 3001, "/readyz"), ("web", 3000, "/api/health")],
)
def test_health(release: Release, component: str, port: int, path: str) -> None:
    with release.forward(f"deployment/{release.prefix}{component}", port) as base:
        answer = requests.get(base + path, timeout=HTTP_SECONDS)
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


@pytest.mark.row("S5", "S7")
def test_the_database_accepts_connections(release: Release) -> None:
    answer = release.kubectl(
        *("exec", f"{release.prefix}db-0", "-c", "postgres", "--", "pg_isready", "-U", "disney_app")
    )
    assert "accepting connections" in answer
