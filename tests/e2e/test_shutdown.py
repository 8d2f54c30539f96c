"""The database shuts down at once, whoever is connected and whatever signal its image asks for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import ledger, scene
from tests.e2e.patched import without
from tests.e2e.scene import Scene
from tests.e2e.volume import database_image
from tools import cluster
from tools.cache import digest
from tools.images import PREFIX, Image
from tools.report.parts import Table, save
from tools.testbed import TestBed

# An image that asks for SIGTERM, which PostgreSQL takes for: wait until the clients have gone.
DOCKERFILE = "ARG BASE\nFROM ${BASE}\nSTOPSIGNAL SIGTERM\n"
FAST_SECONDS = 10
GRACE_SECONDS = 12
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


def shutdown(there: Scene) -> tuple[float, str]:
    """Delete the pod; return how long the server took to go, and what the next one says of it."""
    before, began = there.server(), time.monotonic()
    there.there.kubectl("delete", "pod", "db-0", "--timeout=300s")
    seconds = time.monotonic() - began
    there.settle()
    assert there.server() != before
    log = there.there.kubectl("logs", "db-0", "-c", "postgres")
    said = ("was shut down at", "was interrupted", "not properly shut down")
    return seconds, next(words for words in said if words in log)


@pytest.mark.row("B5")
def test_with_clients_connected(bed: TestBed, namespace: str, patient_image: str) -> None:
    flags = ("--set", patient_image, "--set", f"db.gracePeriodSeconds={GRACE_SECONDS}")
    there = scene.begin(bed, namespace, *flags)
    with ledger.kept(bed, there.there):
        fast, clean = shutdown(there)
        with without("templates/db/_server.tpl", PRE_STOP) as chart:
            there.install(*flags, chart=chart, wait=False)
            there.settle()
        slow, crashed = shutdown(there)
        lost = there.ledger.lost()
    save(
        "shutdown",
        Table(
            "The end of a server with clients connected",
            f"The image asks for SIGTERM; the grace period is {GRACE_SECONDS} s (180 by default).",
            ("chart", "s until it has gone", "the next server says: the system"),
            (
                ("as it is", f"{fast:.1f}", clean),
                ("without its preStop line", f"{slow:.1f}", crashed),
            ),
        ),
    )
    assert fast <= FAST_SECONDS
    assert clean == "was shut down at"
    # The control: it waits for its clients until SIGKILL, and then has to recover.
    assert slow >= GRACE_SECONDS
    assert crashed == "was interrupted"
    assert not lost
