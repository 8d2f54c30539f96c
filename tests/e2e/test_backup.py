"""A backup that was proven brings the very same data back after the volume is gone."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.e2e.database import FINGERPRINT, job, psql
from tests.smoke.release import Release

# A row takes about 700 bytes, so the long run is about more than 1 GB.
ROWS, ROWS_FULL = 20_000, 1_500_000
FULL_BYTES = 10**9
FILL = """
INSERT INTO stories (title, body, author)
SELECT 'backup ' || n, repeat(md5(n::text), 20), 'e2e' FROM generate_series(1, ROWS) AS n
"""
RESTORE_SECONDS = 90

pytestmark = pytest.mark.only("production")


@pytest.mark.row("B6")
def test_what_was_backed_up_comes_back_after_the_volume_is_lost(
    release: Release, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    full = request.config.getoption("--full")
    rows = ROWS_FULL if full else ROWS
    psql(release, FILL.replace("ROWS", str(rows)))
    before = psql(release, FINGERPRINT)
    stories = next(line for line in before.splitlines() if line.startswith("public.stories|"))
    assert int(stories.split("|")[1]) >= rows
    size = int(psql(release, "SELECT pg_database_size('disney_app')"))
    assert size > FULL_BYTES or not full

    log = job(release, "backup-e2e", "backup")
    assert "is good:" in log

    # A restore over data is refused, and changes nothing.
    with pytest.raises(AssertionError, match="would overwrite"):
        job(release, "restore-refused", "restore")
    assert psql(release, FINGERPRINT) == before

    # As docs/backup.md says: a pod that came back at once would hold on to the dying claim.
    release.kubectl("scale", "statefulset", "db", "--replicas=0")
    release.kubectl("delete", "pvc", "data-db-0", "--timeout=120s")
    release.kubectl("scale", "statefulset", "db", "--replicas=1")
    release.kubectl("rollout", "status", "statefulset/db", "--timeout=180s")
    assert psql(release, FINGERPRINT).strip() == ""

    begun = time.monotonic()
    log = job(release, "restore-e2e", "restore")
    seconds = time.monotonic() - begun
    record_property("restore", f"{size} bytes in {seconds:.0f} s")
    assert seconds < RESTORE_SECONDS
    assert "all as they were dumped" in log
    assert psql(release, FINGERPRINT) == before
    psql(release, "DELETE FROM stories WHERE author = 'e2e'")
