"""Migrations: run once, and a failing one leaves the old release serving and says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.smoke.release import Edge, Release
from tools import release as releases
from tools import testbed
from tools.errors import ToolError
from tools.paths import REPOSITORY
from tools.testbed import TestBed

STAGING = REPOSITORY / "values" / "staging.yaml"
FILES = sorted(path.name for path in Path(REPOSITORY, "images/api/migrations").glob("*.sql"))

pytestmark = pytest.mark.only("staging")


def query(release: Release, text: str) -> str:
    """Run a query in the release's database."""
    psql = ("psql", "-U", "disney_app", "--no-psqlrc", "--tuples-only", "--no-align", "-c", text)
    return release.kubectl("exec", "db-0", "-c", "postgres", "--", *psql).strip()


@contextmanager
def failing_migration(release: Release) -> Iterator[None]:
    """Pretend that the next version has a migration that cannot be applied.

    The second one is missing, as a new one would be, and the first one is no
    longer the file that was applied, which the program refuses.
    """
    kept = json.loads(
        query(release, "SELECT json_agg(m) FROM schema_migrations AS m WHERE version <= 2")
    )
    query(release, "DELETE FROM schema_migrations WHERE version = 2")
    query(release, "UPDATE schema_migrations SET sha256 = 'changed' WHERE version = 1")
    try:
        yield
    finally:
        for row in kept:
            values = f"({row['version']}, '{row['file']}', '{row['sha256']}')"
            insert = f"INSERT INTO schema_migrations (version, file, sha256) VALUES {values} "  # noqa: S608
            query(release, f"{insert} ON CONFLICT (version) DO UPDATE SET sha256 = excluded.sha256")


@pytest.mark.row("B20")
def test_each_migration_was_applied_once(release: Release) -> None:
    applied = query(release, "SELECT file FROM schema_migrations ORDER BY version").splitlines()
    assert applied == FILES
    (job,) = release.get("jobs", "", "-l", "app.kubernetes.io/component=migrate")["items"]
    assert job["status"]["succeeded"] == 1


@pytest.mark.row("B20")
@pytest.mark.parametrize("hook", [False, True])
def test_a_failing_migration_leaves_the_old_release_serving(
    release: Release, bed: TestBed, edge: Edge, hook: bool
) -> None:
    before = {pod["metadata"]["uid"] for pod in release.pods("api")}
    overlay = testbed.room(bed)
    changed = [
        *("--set", f"migrations.hook={str(hook).lower()}"),
        *("--set", "migrations.backoffLimit=0", "--set", "migrations.deadlineSeconds=30"),
        *("--set-string", "api.podAnnotations.version=next"),
    ]
    try:
        with failing_migration(release):
            with pytest.raises(ToolError) as failed:
                releases.install(bed.cluster, overlay, values=[STAGING], flags=changed)
            with edge.session() as session:
                assert session.get(edge.url("/v1/stories")).status_code == 200
            assert before & {pod["metadata"]["uid"] for pod in release.pods("api")}
    finally:
        releases.install(bed.cluster, overlay, values=[STAGING])
    message = str(failed.value)
    assert "migrate-" in message
    assert "Already applied to this database, and changed since" in message
    assert ("pre-upgrade hooks failed" in message) == hook


def test_the_release_is_whole_again(edge: Edge) -> None:
    with edge.session() as session:
        answer: requests.Response = session.get(edge.url("/v1/stories"))
    assert answer.status_code == 200
