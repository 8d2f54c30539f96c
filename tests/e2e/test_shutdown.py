"""The database shuts down at once, whoever is connected and whatever signal its image asks for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import ledger, scene
from tests.e2e.patched import without
from tests.e2e.volume import database_image
from tools import cluster
from tools.cache import digest
from tools.images import PREFIX, Image
from tools.paths import CHART
from tools.report.parts import Table, save
from tools.testbed import TestBed

# An image that asks for SIGTERM, which PostgreSQL takes for: wait until the clients have gone.
DOCKERFILE = "ARG BASE\nFROM ${BASE}\nSTOPSIGNAL SIGTERM\n"
FAST_SECONDS = 10
GRACE_SECONDS = 12
SAID = ("was shut down at", "was interrupted", "not properly shut down")
PRE_STOP = r"  lifecycle:\n.*?(?=  resources:)"


@pytest.fixture
def patient_image(bed: TestBed) -> Iterator[str]:
    """The database's image, made to stop by SIGTERM, on the nodes: the flag that sets it."""
    engine, base = bed.cluster.engine, database_image(bed)
    for image in bed.images:
        if image.reference == base:
            image.load(engine)
    repository, tag = f"{PREFIX}/postgres-patient", digest(base, DOCKERFILE)
    reference = f"{repository}:{tag}"
    with tempfile.TemporaryDirectory() as folder:
        context, archive = Path(folder) / "context", Path(folder) / "image.tar"
        context.mkdir()
        (context / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
        engine.build(context, reference, BASE=base)
        engine.run("save", "--output", archive, reference)
        cluster.load(bed.cluster, [Image("db", reference, archive)])
    yield f"db.image.repository={repository},db.image.tag={tag}"
    engine.run("image", "rm", reference)


@dataclass(frozen=True)
class End:
    """How long a server took to go, what the next one says of it, and the writes that are lost."""

    seconds: float
    said: str
    lost: set[int]


def end(bed: TestBed, namespace: str, image: str, chart: Path, part: str, title: str) -> End:
    """Delete the database's pod while clients are connected, and show what came of it."""
    flags = ("--set", image, "--set", f"db.gracePeriodSeconds={GRACE_SECONDS}")
    there = scene.begin(bed, namespace, *flags, chart=chart)
    with ledger.kept(bed, there.there):
        before, began = there.server(), time.monotonic()
        there.there.kubectl("delete", "pod", "db-0", "--timeout=300s")
        seconds = time.monotonic() - began
        there.settle()
        assert there.server() != before
        log = there.there.kubectl("logs", "db-0", "-c", "postgres")
        said = next(words for words in SAID if words in log)
        lost = there.ledger.lost()
    note = f"The image asks for SIGTERM; the grace period is {GRACE_SECONDS} s (180 by default)."
    columns = ("s until it has gone", "the next server says: the system", "writes lost")
    save(part, Table(title, note, columns, ((f"{seconds:.1f}", said, str(len(lost))),)))
    return End(seconds, said, lost)


@pytest.mark.row("B5")
def test_it_goes_at_once_with_clients_connected(
    bed: TestBed, namespace: str, patient_image: str
) -> None:
    title = "The end of a server with clients connected"
    found = end(bed, namespace, patient_image, CHART, "shutdown", title)
    assert found.seconds <= FAST_SECONDS
    assert found.said == "was shut down at"
    assert not found.lost


@pytest.mark.full
@pytest.mark.row("B5")
def test_control_without_its_pre_stop_line_it_waits_for_them(
    bed: TestBed, namespace: str, patient_image: str
) -> None:
    """Until SIGKILL, and then it has to recover."""
    title = "The control: the end of a server without its preStop line"
    with without("templates/db/_server.tpl", PRE_STOP) as chart:
        found = end(bed, namespace, patient_image, chart, "shutdown-control", title)
    assert found.seconds >= GRACE_SECONDS
    assert found.said == "was interrupted"
    assert not found.lost
