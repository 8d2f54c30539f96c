"""Probes: every container has all three, and each asks the right thing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.template.catalogue import internal_database
from tests.template.chart import effective
from tests.template.conftest import Render
from tools.lab.manifests import WORKLOADS, Manifest, Manifests

KINDS = ("startupProbe", "readinessProbe", "livenessProbe")


def patience(probe: Manifest) -> int:
    """Return for how many seconds a probe may fail before it has consequences."""
    return int(probe["periodSeconds"] * probe["failureThreshold"])


@pytest.mark.row("S5")
def test_every_container_has_all_three_probes(manifests: Manifests) -> None:
    """Jobs and init containers run to their end and take none; the reloader serves nobody."""
    serving = [c for c in manifests.containers(*WORKLOADS) if not c.init]
    containers = [c for c in serving if c.name != "reloader"]
    for container in containers:
        assert container.body.keys() >= set(KINDS), str(container)
    for container in manifests.containers():
        if container not in containers:
            assert not container.body.keys() & set(KINDS), str(container)


@pytest.mark.row("S5")
@pytest.mark.parametrize(
    ("component", "container", "port", "paths"),
    [
        ("api", "api", "http", ("/healthz", "/readyz", "/healthz")),
        ("web", "web", "http", ("/api/health", "/api/health", "/api/health")),
        ("db", "exporter", "metrics", ("/", "/", "/")),
    ],
)
def test_http_probes_ask_the_workloads_endpoints(
    render: Render, component: str, container: str, port: str, paths: tuple[str, ...]
) -> None:
    body = render().container(component, container)
    for kind, path in zip(KINDS, paths, strict=True):
        assert body[kind]["httpGet"] == {"path": path, "port": port}


@pytest.mark.row("S5")
@pytest.mark.parametrize("kind", KINDS)
def test_the_database_is_probed_with_pg_isready_over_tcp(render: Render, kind: str) -> None:
    """The temporary server of the initialisation listens on the socket only."""
    command = " ".join(render().container("db", "postgres")[kind]["exec"]["command"])
    assert "pg_isready" in command
    assert "--host=127.0.0.1" in command
    assert "--username=disney_app" in command
    assert "--dbname=disney_app" in command


@pytest.mark.row("S5", "B5")
@pytest.mark.parametrize(
    ("kind", "status", "passes"),
    [
        ("startupProbe", 0, True),
        ("startupProbe", 1, False),
        ("readinessProbe", 0, True),
        ("readinessProbe", 1, False),
        ("readinessProbe", 2, False),
        ("livenessProbe", 0, True),
        ("livenessProbe", 1, True),
        ("livenessProbe", 2, False),
        ("livenessProbe", 127, False),
    ],
)
def test_a_recovering_database_is_not_ready_but_alive(
    render: Render, tmp_path: Path, kind: str, status: int, passes: bool
) -> None:
    """Exit codes of pg_isready: 1, the server rejects connections; 2, nothing answers."""
    program = tmp_path / "pg_isready"
    program.write_text(f"#!/bin/sh\nexit {status}\n")
    program.chmod(0o755)
    command = render().container("db", "postgres")[kind]["exec"]["command"]
    search = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, env={"PATH": search}, check=False, timeout=10)
    assert (done.returncode == 0) == passes


@pytest.mark.row("B5")
def test_the_database_has_ten_minutes_for_crash_recovery(
    manifests: Manifests, values_set: str
) -> None:
    if internal_database(effective(values_set)):
        assert patience(manifests.container("db", "postgres")["startupProbe"]) >= 600


def test_api_readiness_outwaits_its_own_database_check(manifests: Manifests) -> None:
    """The API bounds the check at two seconds, and should get to say what is wrong."""
    assert manifests.container("api", "api")["readinessProbe"]["timeoutSeconds"] > 2


def test_probes_time_out_before_the_next_one(manifests: Manifests) -> None:
    for container in manifests.containers(*WORKLOADS):
        for kind in KINDS:
            if probe := container.body.get(kind):
                assert probe["timeoutSeconds"] <= probe["periodSeconds"], f"{container} {kind}"
