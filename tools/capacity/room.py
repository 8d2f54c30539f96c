"""A release that is there to be put under load: like production, on two cores."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import ports, release, testbed, toolchain
from tools.capacity.figures import Span
from tools.capacity.watch import Watch, watching
from tools.cluster import KUBECONFIG
from tools.console import step
from tools.paths import REPOSITORY
from tools.poll import until
from tools.proc import run
from tools.testbed import TestBed

NAME = "load"
HOST = f"{NAME}.localhost"
PRODUCTION = REPOSITORY / "values/production.yaml"
VALUES = (PRODUCTION, REPOSITORY / "tests/load/values.yaml")
# How long to look at what everything costs while nobody comes.
IDLE_SECONDS = 60
GONE_SECONDS = 180


@dataclass(frozen=True)
class Room:
    """The release: how it is reached, all its values, and who watches it."""

    # ADDRESS:PORT of the edge, and the certificates to trust it by.
    address: str
    authority: Path
    values: Mapping[str, Any]
    watch: Watch
    # When nobody was there.
    idle: Span


@contextmanager
def namespace(bed: TestBed, *, keep: bool) -> Iterator[None]:
    """Have a namespace for releases under load, one after another; with `keep` it stays."""
    until(
        lambda: not testbed.terminating(bed.cluster, NAME),
        seconds=GONE_SECONDS,
        what=f"the namespace {NAME} to go",
    )
    try:
        yield
    finally:
        if not keep:
            bed.cluster.kubectl("delete", "namespace", NAME, "--wait=false", "--ignore-not-found")


@contextmanager
def installed(bed: TestBed, flags: Sequence[str] = ()) -> Iterator[Room]:
    """Install the release, or upgrade it, and see what it costs while nobody comes.

    `flags` are Helm's. The release stays: its `namespace` is what goes.
    """
    cluster = bed.cluster
    overlay = testbed.room(bed, NAME, HOST)
    release.install(cluster, overlay, values=VALUES, flags=flags, namespace=NAME, name=NAME)
    authority = cluster.get("configmap", testbed.FACTS, "-n", NAME)["data"]["ca.crt"]
    with tempfile.NamedTemporaryFile("w", suffix=".crt") as file:
        file.write(authority)
        file.flush()
        address = f"{ports.ADDRESS}:{cluster.ports['https']}"
        with watching(cluster, NAME) as watch:
            with step(f"looking {IDLE_SECONDS} s at what it costs while nobody comes"):
                begin = time.time()
                watch.over.wait(IDLE_SECONDS)
            yield Room(address, Path(file.name), _values(), watch, Span(begin, time.time()))


def _values() -> dict[str, Any]:
    """Return all values of the release, the chart's defaults among them."""
    words = ("get", "values", NAME, "--all", "--output", "json", "--namespace", NAME)
    found: dict[str, Any] = json.loads(
        run([toolchain.tool("helm"), *words, "--kubeconfig", KUBECONFIG])
    )
    return found
