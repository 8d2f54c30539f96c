"""From one major version of PostgreSQL to the next, as docs/backup.md says."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.e2e.database import FINGERPRINT, job, psql
from tests.smoke.release import Release
from tools import cluster, images, release, testbed
from tools.paths import REPOSITORY
from tools.poll import until
from tools.testbed import TestBed

STAGING = REPOSITORY / "values" / "staging.yaml"
OFFICIAL = "docker.io/library/postgres:15-bookworm"
SENTENCE = "holds a database of PostgreSQL 15"
WHEN = ("state", "lastState")
FILL = """
INSERT INTO stories (title, body, author)
SELECT n, 'é' || n, 'e2e' FROM generate_series(1, 5000) AS n
"""


def guards_message(there: Release) -> str:
    """Return why the guard of db-0 ended, as `kubectl describe pod db-0` shows it."""
    pod = there.kubectl("get", "pod", "db-0", "--ignore-not-found", "-o", "json")
    statuses = json.loads(pod)["status"].get("initContainerStatuses", []) if pod else []
    ends = [status[when].get("terminated", {}) for status in statuses for when in WHEN]
    return " ".join(end.get("message", "") for end in ends)


def older_image(bed: TestBed) -> dict[str, Any]:
    """Return the values of an image of PostgreSQL 15, loaded into the nodes."""
    reference = OFFICIAL
    if bed.cluster.from_source:
        built = images.older_postgres(bed.cluster.engine)
        cluster.load(bed.cluster, [built])
        reference = built.reference
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}


@pytest.mark.full
@pytest.mark.row("B4", "B6")
def test_a_dump_of_an_older_major_comes_back_in_the_current_one(
    bed: TestBed, namespace: str
) -> None:
    values = testbed.room(bed, namespace, f"{namespace}.localhost")
    values["backup"] = {"enabled": True, "storage": {"size": "1Gi"}, "scratch": {"size": "1Gi"}}
    older = {**values, "db": {**values["db"], "major": 15, "image": older_image(bed)}}
    install = partial(release.install, values=[STAGING], namespace=namespace, name="major")
    install(bed.cluster, older)
    there = Release(namespace, "")
    assert psql(there, "SHOW server_version").startswith("15.")
    psql(there, FILL)
    before = psql(there, FINGERPRINT)
    assert "is good:" in job(there, "backup-older", "backup")

    # The current server does not touch the older one's files.
    install(bed.cluster, values, wait=False)
    until(lambda: SENTENCE in guards_message(there), seconds=120, what="the guard to stop db-0")
    there.kubectl("scale", "statefulset", "db", "--replicas=0")
    there.kubectl("delete", "pvc", "data-db-0", "--timeout=120s")
    there.kubectl("scale", "statefulset", "db", "--replicas=1")
    there.kubectl("rollout", "status", "statefulset/db", "--timeout=180s")
    assert psql(there, "SHOW server_version").startswith("17.")
    assert psql(there, FINGERPRINT).strip() == ""

    assert "all as they were dumped" in job(there, "restore-older", "restore")
    assert psql(there, FINGERPRINT) == before
    there.kubectl("rollout", "status", "deployment/api", "--timeout=120s")
