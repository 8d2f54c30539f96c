"""A new database password, in the order that docs/secrets.md gives, interrupts nobody."""

from __future__ import annotations

import secrets

import pytest

from tests.smoke.release import Edge, Release
from tools import release as releases
from tools import testbed
from tools.paths import REPOSITORY
from tools.testbed import TestBed

STAGING = REPOSITORY / "values" / "staging.yaml"

pytestmark = pytest.mark.only("staging")


def set_in_the_database(release: Release, password: str) -> None:
    """Change the role's password where it lives; psql would ask for it twice."""
    quoted = password.replace("'", "''")
    release.kubectl(
        *("exec", "db-0", "-c", "postgres", "--", "psql", "-U", "postgres", "--no-psqlrc", "-c"),
        f"ALTER ROLE disney_app PASSWORD '{quoted}'",
    )


def stories(edge: Edge) -> int:
    """Return the status with which the API answers through the edge."""
    with edge.session() as session:
        return int(session.get(edge.url("/v1/stories")).status_code)


@pytest.mark.row("B1", "B19")
def test_the_database_first_then_the_release(release: Release, bed: TestBed, edge: Edge) -> None:
    overlay = testbed.room(bed)
    inline = overlay["secrets"]["inline"]
    old, new = inline["databasePassword"], f"{secrets.token_urlsafe(16)}@:/?"
    before = {pod["metadata"]["uid"] for pod in release.pods("api")}
    try:
        set_in_the_database(release, new)
        assert stories(edge) == 200  # open connections stay open
        inline["databasePassword"] = new
        releases.install(bed.cluster, overlay, values=[STAGING])
        assert stories(edge) == 200
        # The pods that read the password were replaced, the database was not.
        assert not before & {pod["metadata"]["uid"] for pod in release.pods("api")}
    finally:
        set_in_the_database(release, old)
        inline["databasePassword"] = old
        releases.install(bed.cluster, overlay, values=[STAGING])
    assert stories(edge) == 200
