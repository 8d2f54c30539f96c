"""What the database acknowledged is there after whatever happens to its process, pod and node."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from statistics import median

import pytest

from tests.e2e import ledger, scene
from tests.e2e.database import integrity
from tests.e2e.helm import helm
from tests.e2e.patched import without
from tests.e2e.scene import Scene
from tests.e2e.volume import on_the_volume
from tools import rollout
from tools.cluster import CTR
from tools.load_results import percentile
from tools.report.parts import Event, Table, Timeline, save
from tools.testbed import TestBed

READY_P95_SECONDS = 15
# The p95 of fewer is their longest, and now and then one takes long for no fault of the chart's:
# when a kubelet asks for a pod's claim before the API server knows that the pod is bound to its
# node, it is refused ("no relationship found") and asks again after some 15 s.
P95_SAMPLES = 20
COLUMNS = (
    *("fault", "times", "s to ready: median", "p95", "longest"),
    *("acknowledged writes", "of them lost", "damage found"),
)


def kill(there: Scene) -> None:
    """SIGKILL the postmaster, from its node: in its container it is process 1, and immune."""
    task = ("tasks", "kill", "--signal", "SIGKILL", there.server())
    there.bed.cluster.engine.run("exec", there.node(), *CTR, *task)


def delete(there: Scene) -> None:
    """Delete the pod by force: another one is made before this one has ended."""
    there.there.kubectl("delete", "pod", "db-0", "--grace-period=0", "--force")


def drain(there: Scene) -> None:
    """Drain the node of the database, and let pods in again.

    The local volume ties the database to its node. Other releases' pods stay where they are.
    """
    node, own = there.node(), f"app.kubernetes.io/instance={there.name}"
    try:
        there.there.kubectl(
            *("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s"),
            f"--pod-selector={own},app.kubernetes.io/component=db",
        )
    finally:
        there.there.kubectl("uncordon", node)


def upgrade(there: Scene) -> None:
    """Change a setting, which restarts the database."""
    there.install("--set-string", "db.settings.work_mem=8MB", wait=False)


def rollback(there: Scene) -> None:
    """Change it back."""
    helm("rollback", there.name, namespace=there.name)


@dataclass(frozen=True)
class Group:
    """Faults that happen one after another, so many times in the core and in the full run."""

    faults: Sequence[Callable[[Scene], None]]
    core: int
    full: int


GROUPS = {
    "SIGKILL of the postmaster": Group([kill], 1, 30),
    "forced deletion of db-0": Group([delete], 1, 10),
    "drain of its node": Group([drain], 1, 5),
    "upgrade and rollback": Group([upgrade, rollback], 1, 1),
}


@dataclass
class Journal:
    """What was measured so far."""

    begun: float
    rows: list[list[str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def save(self, entries: Sequence[ledger.Entry]) -> None:
        """Write it into the report."""
        note = (
            "A client counts a write when the answer to its COMMIT has arrived. Damage is what "
            "pg_amcheck finds in any table or index, or the server in any checksum."
        )
        save("durability", Table("Acknowledged writes", note, COLUMNS, self.rows))
        told = Counter(int(entry.time - self.begun) for entry in entries if entry.acknowledged)
        rate = [(float(second), float(told[second])) for second in range(max(told) + 1)]
        save(
            "durability-timeline",
            Timeline(
                "Writes while the database suffers",
                "Each mark lasts from the fault until the database is ready and writes succeed.",
                "writes/s",
                {"acknowledged": rate},
                self.events,
            ),
        )


@pytest.fixture(scope="module")
def there(bed: TestBed, module_namespace: str) -> Iterator[Scene]:
    """A release with a client that writes to its database all the time."""
    found = scene.begin(bed, module_namespace)
    with ledger.kept(bed, found.there):
        yield found


@pytest.fixture(scope="module")
def journal(there: Scene) -> Journal:  # noqa: ARG001 (order)
    """What the tests here measure."""
    return Journal(time.time())


def fresh(there: Scene) -> None:
    """Replace a pod in which the server has crashed before.

    From its second crash on, Kubernetes starts a container after 10, 20, 40, ... seconds. What is
    measured here is the recovery.
    """
    (pod,) = there.there.pods("db")
    if any(status["restartCount"] for status in rollout.statuses(pod)):
        there.there.kubectl("delete", "pod", "db-0")
        there.settle()


def p95(times: Sequence[float]) -> float:
    """Return the time that 95 % of these do not exceed."""
    return percentile(times, 95)


def enough(times: Sequence[float], least: int) -> bool:
    """Tell whether these times are enough to judge by; of fewer than 20 none may be late."""
    return len(times) >= (least if p95(times) <= READY_P95_SECONDS else max(least, P95_SAMPLES))


@pytest.mark.row("B5", "B7", "S7")
@pytest.mark.parametrize("name", GROUPS)
def test_acknowledged_writes_survive(
    there: Scene, journal: Journal, request: pytest.FixtureRequest, name: str
) -> None:
    group = GROUPS[name]
    begun, times = time.time(), list[float]()
    rounds = group.full if request.config.getoption("--full") else group.core
    for fault in cycle(group.faults):
        fresh(there)
        began, seconds = there.suffer(fault)
        times.append(seconds)
        since = began - journal.begun
        journal.events.append(Event(since, since + seconds, fault.__name__))
        if enough(times, rounds * len(group.faults)):
            break
    lost, damage = there.ledger.lost(), integrity(there.there)
    entries = there.ledger.entries()
    told = sum(entry.acknowledged and entry.time >= begun for entry in entries)
    journal.rows.append(
        [
            *(name, str(len(times)), f"{median(times):.1f}"),
            *(f"{p95(times):.1f}", f"{max(times):.1f}"),
            *(str(told), str(len(lost)), damage or "none"),
        ]
    )
    journal.save(entries)
    assert not lost
    assert not damage
    assert told > 0
    assert p95(times) <= READY_P95_SECONDS


@pytest.mark.row("B5")
def test_every_checksum_on_the_disk_is_right(there: Scene, journal: Journal, bed: TestBed) -> None:
    """Of a server that was shut down, as pg_checksums demands."""
    there.there.kubectl("scale", "statefulset", "db", "--replicas=0")
    there.there.kubectl("wait", "pod/db-0", "--for=delete", "--timeout=120s")
    try:
        found = on_the_volume(bed, there.name, "checksums", "pg_checksums --check -D 17/docker")
    finally:
        there.there.kubectl("scale", "statefulset", "db", "--replicas=1")
        there.settle()
    blocks, bad, enabled = (
        next(line.split(":")[1].strip() for line in found.splitlines() if line.startswith(word))
        for word in ("Blocks scanned", "Bad checksums", "Data checksum version")
    )
    row = ["pg_checksums, server stopped", "1", "", "", "", "", "", f"{bad} of {blocks} blocks"]
    journal.rows.append(row)
    journal.save(there.ledger.entries())
    assert int(blocks) > 0
    assert (bad, enabled) == ("0", "1")


@pytest.mark.full
@pytest.mark.row("B7")
def test_control_without_a_claim_they_are_lost(bed: TestBed, namespace: str) -> None:
    claims = r"  volumeClaimTemplates:\n.*(?=\{\{- end \}\})"
    volume = ("--set-json", 'db.extraVolumes={"data": {"emptyDir": {}}}')
    with without("templates/db/statefulset.yaml", claims) as chart:
        found = scene.begin(bed, namespace, *volume, chart=chart)
        with ledger.kept(bed, found.there) as kept:
            before = kept.acknowledged()
            found.suffer(delete)
            assert kept.lost() >= before
