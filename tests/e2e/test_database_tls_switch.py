"""TLS to the internal database is turned on in a running release, in two steps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.smoke.release import Release
from tools import release, testbed
from tools.poll import until
from tools.testbed import TestBed

ENCRYPTED = """
SELECT count(*), count(*) FILTER (WHERE ssl)
FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
WHERE usename = 'disney_app' AND application_name <> 'psql'
"""


def plaintext(there: Release) -> bool:
    """Tell whether the server lets the application in over the network without TLS."""
    url = there.secret("api", "DATABASE_URL").split("?")[0].replace("@db:", "@127.0.0.1:")
    script = 'psql "$0" --no-psqlrc -tAc "SELECT 1" 2>&1'
    command = ("sh", "-c", f"{script} || true", f"{url}?sslmode=disable")
    answer = there.kubectl("exec", "db-0", "-c", "postgres", "--", *command).strip()
    assert answer == "1" or "no encryption" in answer
    return answer == "1"


def connections(there: Release) -> tuple[int, int]:
    """Return how many connections the API holds, and how many of them are encrypted."""
    command = ("psql", "-U", "postgres", "--no-psqlrc", "-tAc", ENCRYPTED)
    counts = there.kubectl("exec", "db-0", "-c", "postgres", "--", *command).strip().split("|")
    return int(counts[0]), int(counts[1])


def all_encrypted(there: Release) -> bool:
    """Tell whether the API holds connections, and all of them are encrypted."""
    held, encrypted = connections(there)
    return held == encrypted > 0


@pytest.mark.full
@pytest.mark.row("B8")
def test_clients_first_then_the_requirement(bed: TestBed, namespace: str) -> None:
    values = testbed.room(bed, namespace, f"{namespace}.localhost")

    def upgrade(**tls: Any) -> None:
        values["db"]["tls"] = {"secretName": testbed.DATABASE_SECRET, **tls}
        release.install(bed.cluster, values, namespace=namespace)

    upgrade(enabled=False)
    there = Release(namespace, "")
    assert plaintext(there)
    assert connections(there)[1] == 0

    upgrade(enabled=True, required=False)
    assert plaintext(there)
    until(lambda: all_encrypted(there), seconds=60, what="the API's old pods to drain")
    pods = {pod["metadata"]["uid"] for pod in there.pods("api")}

    upgrade(enabled=True)
    assert not plaintext(there)
    until(lambda: all_encrypted(there), seconds=60, what="the API to come back, encrypted")
    assert {pod["metadata"]["uid"] for pod in there.pods("api")} == pods
