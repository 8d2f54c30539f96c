"""A release's database from the outside: SQL over its socket, Jobs that dump and restore."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.smoke.release import Release
from tools.paths import CHART
from tools.poll import until

JOB_SECONDS = 600
# Prints a line for each table: rows, and a sum over the hashes of all of them.
FINGERPRINT = (CHART / "files/backup/fingerprint.sql").read_text(encoding="utf-8")


def psql(release: Release, text: str) -> str:
    """Run SQL in the release's database, over the socket."""
    return release.kubectl(
        *("exec", "db-0", "-c", "postgres", "--", "sh", "-c", 'printf "%s" "$0" | "$@"', text),
        *("psql", "-U", "disney_app", "-d", "disney_app", "--no-psqlrc", "--quiet"),
        *("--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"),
    )


@contextmanager
def locked(release: Release, seconds: int) -> Iterator[None]:
    """Let every query of stories wait for some seconds, from the beginning of the block."""
    sleep = f"SELECT pg_sleep({seconds})"
    lock = f"BEGIN; LOCK TABLE stories IN ACCESS EXCLUSIVE MODE; {sleep}; COMMIT"
    held = "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(psql, release, lock)
        until(
            lambda: psql(release, f"{held} = 'stories'::regclass").strip(),
            seconds=seconds,
            what="the lock on the stories",
        )
        yield
        running.result()


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


def integrity(release: Release) -> str:
    """Check every page of every table and index, and return what is wrong with them.

    Reading a page checks its checksum. pg_amcheck reads all of them, and compares each index with
    its table in both directions.

    Raises:
        sh.ErrorReturnCode: pg_amcheck found damage; the error shows it.
    """
    found = release.kubectl(
        *("exec", "db-0", "-c", "postgres", "--", "pg_amcheck", "-U", "postgres", "--all"),
        *(
            "--install-missing",
            "--heapallindexed",
            "--parent-check",
            "--rootdescend",
            "--no-password",
        ),
    )
    failures = "SELECT sum(checksum_failures) FROM pg_stat_database WHERE checksum_failures > 0"
    return (found + psql(release, failures)).strip()
