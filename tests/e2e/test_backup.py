"""A backup that was proven brings the very same data back after the volume is gone."""

from __future__ import annotations

import pytest

from tests.smoke.release import Release
from tools.paths import CHART
from tools.poll import until

ROWS = 20_000
FILL = f"""
INSERT INTO stories (title, body, author)
SELECT 'backup ' || n, repeat(md5(n::text), 20), 'e2e' FROM generate_series(1, {ROWS}) AS n
"""  # noqa: S608 (no input)
JOB_SECONDS = 300
FINGERPRINT = (CHART / "files/backup/fingerprint.sql").read_text(encoding="utf-8")

pytestmark = pytest.mark.only("production")


def psql(release: Release, text: str) -> str:
    """Run SQL in the release's database, over the socket."""
    return release.kubectl(
        *("exec", "db-0", "-c", "postgres", "--", "sh", "-c", 'printf "%s" "$0" | "$@"', text),
        *("psql", "-U", "disney_app", "-d", "disney_app", "--no-psqlrc", "--quiet"),
        *("--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"),
    )


def job(release: Release, name: str, pattern: str) -> str:
    """Run a Job from a CronJob, as the documentation says, and return its log."""
    release.kubectl("create", "job", name, f"--from=cronjob/{pattern}")

    def outcome() -> str | None:
        conditions = release.get("job", name)["status"].get("conditions", [])
        ended = {c["type"] for c in conditions if c["status"] == "True"}
        return next(iter(ended & {"Complete", "Failed"}), None)

    ended = until(outcome, seconds=JOB_SECONDS, what=f"the job {name} to end")
    log = release.kubectl("logs", f"job/{name}")
    release.kubectl("delete", "job", name)
    assert ended == "Complete", log
    return log


@pytest.mark.row("B6")
def test_what_was_backed_up_comes_back_after_the_volume_is_lost(release: Release) -> None:
    psql(release, FILL)
    before = psql(release, FINGERPRINT)
    stories = next(line for line in before.splitlines() if line.startswith("public.stories|"))
    assert int(stories.split("|")[1]) >= ROWS

    log = job(release, "backup-e2e", "backup")
    assert "is good:" in log

    # A restore over data is refused, and changes nothing.
    with pytest.raises(AssertionError, match="would overwrite"):
        job(release, "restore-refused", "restore")
    assert psql(release, FINGERPRINT) == before

    release.kubectl("delete", "pvc", "data-db-0", "--wait=false")
    release.kubectl("delete", "pod", "db-0")
    release.kubectl("wait", "pvc/data-db-0", "--for=delete", "--timeout=60s")
    release.kubectl("delete", "pod", "db-0", "--ignore-not-found")
    release.kubectl("rollout", "status", "statefulset/db", "--timeout=180s")
    assert psql(release, FINGERPRINT).strip() == ""

    log = job(release, "restore-e2e", "restore")
    assert "all as they were dumped" in log
    assert psql(release, FINGERPRINT) == before
    psql(release, "DELETE FROM stories WHERE author = 'e2e'")
