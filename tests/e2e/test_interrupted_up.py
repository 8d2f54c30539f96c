"""Ctrl-C while `up` installs, and while it waits: the same command goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.e2e.database import psql
from tests.e2e.helm import status
from tests.smoke.release import Release
from tools import testbed
from tools.cluster import KUBECONFIG
from tools.paths import REPOSITORY
from tools.testbed import TestBed

pytestmark = pytest.mark.only("staging", "current")

UP_SECONDS = 300
SENTENCE = "interrupted: run the same command again to go on from here"


def up(*flags: str, at: str = "", moment: IO[str] | None = None) -> tuple[int, str]:
    """Run `up` in a process group, like a terminal; return its exit code and what it printed.

    Ctrl-C comes when it prints the words `at`; with a `moment`, when that has a line to read then.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "tools", "up", *flags],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(line)
            if at and at in line:
                at = ""
                assert moment is None or moment.readline()
                os.killpg(running.pid, signal.SIGINT)
        code = running.wait(UP_SECONDS)
    return code, "".join(lines)


@contextmanager
def pending(bed: TestBed) -> Iterator[IO[str]]:
    """Watch for the Secret in which Helm keeps an upgrade that has begun and not ended."""
    command = bed.cluster.kubectl_command(
        *("get", "secrets", "-n", testbed.NAMESPACE, "-l", "owner=helm,status=pending-upgrade"),
        *("--watch-only", "-o", "name"),
    )
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        yield watch.stdout
        watch.terminate()


def left() -> set[str]:
    """Return the command lines that still talk to the cluster."""
    lines = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(KUBECONFIG) in words:
            lines.add(b" ".join(words).decode())
    return lines


@pytest.mark.full
@pytest.mark.row("S18")
def test_an_interrupted_up_goes_on(release: Release, bed: TestBed) -> None:
    before = psql(release, "SELECT count(*) FROM stories")
    change = ("--set", f"api.podAnnotations.interrupted=id-{uuid.uuid4().hex[:8]}")

    with pending(bed) as moment:
        ended, told = up(*change, at=f"installing {testbed.RELEASE}", moment=moment)
    assert (ended, told.rstrip().splitlines()[-1]) == (130, SENTENCE), told
    # Helm had the time to say so; "pending" would keep every upgrade from now on away.
    assert status(release.namespace) == "failed"
    assert left() == set()

    ended, told = up(*change, at="waiting for deployment/api")
    assert (ended, told.rstrip().splitlines()[-1]) == (130, SENTENCE), told
    assert status(release.namespace) == "deployed"
    assert left() == set()

    for flags in (change, ()):
        ended, told = up(*flags)
        assert ended == 0, told
    assert psql(release, "SELECT count(*) FROM stories") == before
