"""What docs/faults.md says of faults: what users see meanwhile, and that nobody has to act."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from ssl import SSLError, TLSVersion

import pytest
import sh

from tests.e2e import ledger, scene, small_volume, visitor
from tests.e2e.database import integrity, psql
from tests.e2e.helm import helm, status
from tests.e2e.scene import Scene
from tests.e2e.small_volume import SmallVolume
from tests.e2e.visitor import EMPTY, GOOD, Visitor
from tests.smoke.release import Edge
from tools import rollout, testbed
from tools.certificates import Authority, Certificate
from tools.cluster import NAME
from tools.errors import ToolError
from tools.poll import until
from tools.report.parts import Table, save
from tools.testbed import TestBed

NODE = f"{NAME}-worker"
PORT = "5432"
DNS = ("deployment/coredns", "-n", "kube-system")
BACK_SECONDS = 30
# The longest that Kubernetes waits before it starts a container that crashes, and the start.
BACK_OFF_SECONDS = 300 + 30
EXPIRED = timedelta(minutes=-1)
# The kubelet brings a changed Secret into the pod within a minute or so.
RENEWAL_SECONDS = 180
NEXT_LOG = ("psql", "-U", "postgres", "-d", "disney_app", "-c", "SELECT pg_switch_wal()")
DISCONNECT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE usename = 'disney_app' AND pid <> pg_backend_pid()
"""
# Succeeds where the database has no name.
UNKNOWN = "require('dns').lookup('db', (error) => process.exit(error ? 0 : 1))"
NOTE = "What users saw while it lasted, and how long after its end all was well by itself."
COLUMNS = ("fault", "s", "reading", "writing", "pages", "s until all is well")


Seen = Mapping[str, set[str]]


@dataclass(frozen=True)
class Place:
    """The release that suffers here, and what is around it."""

    scene: Scene
    volume: SmallVolume
    edge: Edge
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def pods(self) -> dict[str, int]:
        """Return the restarts of the containers of each pod, by its uid and theirs."""
        return {
            f"{pod['metadata']['uid']} {status['name']}": status["restartCount"]
            for component in ("api", "web", "db")
            for pod in self.scene.there.pods(component)
            for status in rollout.statuses(pod)
        }

    def tell(self, fault: str, seconds: float, seen: Seen, back: float) -> None:
        """Write a row into the report."""
        words = (", ".join(sorted(seen[wish])) for wish in GOOD)
        self.rows.append((fault, f"{seconds:.0f}", *words, f"{back:.0f}"))
        save("faults", Table("Faults", NOTE, COLUMNS, self.rows))


@pytest.fixture(scope="module")
def place(bed: TestBed, module_namespace: str) -> Iterator[Place]:
    """A release on a small volume, with TLS to its database, and a client that writes to it."""
    with small_volume.made(bed.cluster, NODE, module_namespace) as volume:
        storage = {"storageClassName": volume.name, "size": f"{small_volume.MEGABYTES}Mi"}
        tls = {"enabled": True, "secretName": testbed.DATABASE_SECRET}
        found = scene.begin(bed, module_namespace, values={"db": {"storage": storage, "tls": tls}})
        rollout.wait(bed.cluster, found.name, seconds=scene.READY_SECONDS)
        with (
            ledger.kept(bed, found.there, authority=testbed.DATABASE_SECRET),
            found.there.edge(None, None) as edge,
        ):
            yield Place(found, volume, edge)


@contextmanager
def full_volume(place: Place) -> Iterator[None]:
    """Fill the database's volume; enlarge it."""
    place.volume.fill()
    try:
        yield
    finally:
        place.volume.enlarge()


@contextmanager
def unreachable_database(place: Place) -> Iterator[None]:
    """Drop every packet to and from the server, those of open connections, too.

    A NetworkPolicy cannot do that: what it forbids may go on where it has begun.
    """
    (pod,) = place.scene.there.pods("db")
    address, node = pod["status"]["podIP"], pod["spec"]["nodeName"]
    rules = [
        ("--destination", address, "--protocol", "tcp", "--dport", PORT, "--jump", "DROP"),
        ("--source", address, "--protocol", "tcp", "--sport", PORT, "--jump", "DROP"),
    ]

    def change(action: str) -> None:
        for rule in rules:
            command = ("iptables", "--wait", "--table", "raw", action, "PREROUTING", *rule)
            place.scene.bed.cluster.engine.run("exec", node, *command)

    change("--insert")
    try:
        yield
    finally:
        change("--delete")


@contextmanager
def no_name_servers(place: Place) -> Iterator[None]:
    """Take the cluster's name servers away."""
    kubectl = place.scene.bed.cluster.kubectl
    replicas = place.scene.bed.cluster.get(*DNS)["spec"]["replicas"]
    kubectl("scale", *DNS, "--replicas=0")
    try:
        kubectl("wait", "pods", "-n", "kube-system", "-l", "k8s-app=kube-dns", "--for=delete")
        place.scene.there.kubectl("exec", "deployment/api", "--", "node", "-e", UNKNOWN)
        yield
    finally:
        kubectl("scale", *DNS, f"--replicas={replicas}")
        kubectl("rollout", "status", *DNS, "--timeout=60s")


@dataclass(frozen=True)
class Fault:
    """Something that happens around the release and ends, and what is seen of it meanwhile."""

    cause: Callable[[Place], AbstractContextManager[None]]
    # What users may get, and what they must have got, or it was no fault.
    read: set[str]
    write: set[str]
    page: set[str]
    sign: str
    # What a client of the database is told, where it is told anything.
    failure: str
    # Seconds that it lasts in the core and in the full run.
    core: int
    full: int


# Without a ready pod of the API most edges answer 503. Traefik forgets the route, and the one to
# web is the next best: 404, or 405 for what a page does not take.
NOBODY = {"404", "405", "503", "ReadTimeout"}
FAULTS = {
    "full database volume": Fault(
        *(full_volume, {"200"}, {"201", "503"}, {"200"}, "503"),
        failure="No space left on device",
        core=8,
        full=60,
    ),
    "unreachable database": Fault(
        *(unreachable_database, NOBODY, NOBODY, {"200", EMPTY}, EMPTY),
        failure="timeout",
        core=12,
        full=60,
    ),
    "no name servers": Fault(
        *(no_name_servers, {"200", "503"}, {"201", "503"}, {"200", EMPTY}, "200"),
        failure="",
        core=8,
        full=30,
    ),
}


@pytest.mark.row("S1", "S5")
@pytest.mark.parametrize("name", FAULTS)
def test_it_is_over_when_its_cause_is(
    place: Place, name: str, request: pytest.FixtureRequest
) -> None:
    fault = FAULTS[name]
    seconds = fault.full if request.config.getoption("--full") else fault.core
    before, kept = place.pods(), place.scene.ledger
    with visitor.visiting(place.scene.there, place.edge) as user:
        until(lambda: user.served(0), seconds=30, what="the first answers")
        with fault.cause(place):
            began = time.time()
            time.sleep(seconds)  # an outage lasts
            ended = time.time()
        back = until(lambda: user.served(ended), seconds=BACK_SECONDS, what="all to be served")
        if fault.failure:
            kept.recovery(began, seconds=BACK_SECONDS)
    seen = all_of(user, began, ended)
    place.tell(name, ended - began, seen, back - ended)
    assert seen["read"] <= fault.read
    assert seen["write"] <= fault.write
    assert seen["page"] <= fault.page
    assert fault.sign in seen["read"] | seen["write"] | seen["page"]
    failures = {entry.reason for entry in kept.failures(began)}
    assert any(fault.failure in reason for reason in failures) if fault.failure else not failures
    assert not kept.lost()
    # Nobody restarted or replaced anything, and no probe did.
    assert place.pods() == before


@pytest.mark.full
@pytest.mark.row("S5")
def test_control_a_liveness_probe_that_asks_the_database(place: Place) -> None:
    """It restarts the API, which brings no database back."""
    place.scene.install("--set", "api.probes.liveness.path=/readyz")
    before = place.pods()

    def restarted() -> bool:
        return any(count > before.get(container, 0) for container, count in place.pods().items())

    try:
        with unreachable_database(place):
            until(restarted, seconds=90, what="the kubelet to restart the API")
    finally:
        place.scene.install()


@pytest.mark.full
@pytest.mark.row("B5")
def test_a_volume_too_full_for_the_log(place: Place) -> None:
    """The server stops, and is started in vain, less and less often, until there is room."""
    there, began = place.scene, time.time()
    place.volume.fill()

    def stopped() -> bool:
        """Ask for another file of the log, and tell whether that was the end of the server."""
        with suppress(sh.ErrorReturnCode):
            there.there.kubectl("exec", "db-0", "-c", "postgres", "--", *NEXT_LOG)
        return not there.server()

    until(stopped, seconds=60, what="the server to stop")
    with visitor.visiting(there.there, place.edge) as user:
        time.sleep(20)  # an outage lasts
        ended = time.time()
        place.volume.enlarge()
        back = until(lambda: user.served(ended), seconds=BACK_OFF_SECONDS, what="all to be served")
    seen = all_of(user, began, ended)
    place.tell("volume too full for the log", ended - began, seen, back - ended)
    assert seen["page"] <= {"200", EMPTY}
    assert not seen["read"] & GOOD["read"]
    assert not there.ledger.lost()
    assert not integrity(there.there)


@pytest.mark.row("B9", "S16")
@pytest.mark.parametrize(
    ("program", "flag"),
    [
        ("helm", "--rollback-on-failure"),
        pytest.param("helm3", "--atomic", marks=pytest.mark.full),
    ],
)
def test_an_upgrade_to_an_image_that_is_not_there(place: Place, program: str, flag: str) -> None:
    """Helm takes it back, and users notice nothing."""
    there = place.scene
    before = place.pods()
    absent = ("--set", "api.image.tag=absent", "--timeout", "20s")
    with visitor.visiting(place.scene.there, place.edge) as user:
        began = time.time()
        with pytest.raises(ToolError, match="rolled back"):
            there.install(flag, *absent, program=program, wait=False)
        ended = time.time()
    seen = all_of(user, began, ended)
    place.tell(f"wrong image tag, {flag}", ended - began, seen, 0)
    assert status(there.name, there.name) == "deployed"
    assert seen == GOOD
    assert place.pods() == before


@pytest.mark.full
def test_control_without_the_flag_the_release_stays_failed(place: Place) -> None:
    there = place.scene
    absent = ("--set", "api.image.tag=absent", "--wait", "--timeout", "20s")
    with pytest.raises(ToolError):
        there.install(*absent, wait=False)
    assert status(there.name, there.name) == "failed"
    helm("rollback", there.name, namespace=there.name)
    rollout.wait(there.bed.cluster, there.name, seconds=scene.READY_SECONDS)


@pytest.mark.row("S10")
def test_an_expired_certificate_at_the_edge(place: Place, tmp_path: Path) -> None:
    """Browsers refuse it until a new one is in the Secret; nothing reads it again by hand."""
    authority = Authority.new()
    trusted = tmp_path / "ca.crt"
    trusted.write_text(authority.pem[0], encoding="utf-8")
    edge = replace(place.edge, authority=trusted)

    there, names = place.scene, [edge.host]
    kept = there.there.get("secret", testbed.EDGE_SECRET)["data"]
    try:
        put(there, testbed.EDGE_SECRET, authority.issue(names))
        until(lambda: not refusal(edge), seconds=30, what="the edge to take a certificate")
        put(there, testbed.EDGE_SECRET, authority.issue(names, EXPIRED))
        until(
            lambda: "has expired" in refusal(edge), seconds=30, what="the edge to serve it expired"
        )
        began = time.time()
        put(there, testbed.EDGE_SECRET, authority.issue(names))
        until(
            lambda: not refusal(edge), seconds=30, what="the edge to take the renewed certificate"
        )
        seconds = time.time() - began
    finally:
        there.there.kubectl(
            "patch", "secret", testbed.EDGE_SECRET, "-p", json.dumps({"data": kept})
        )
    with there.there.edge(None, None) as own:
        until(
            lambda: not refusal(own), seconds=30, what="the edge to take its own certificate again"
        )
    place.tell("expired certificate at the edge", 0, {wish: {"refused"} for wish in GOOD}, seconds)


@pytest.mark.full
@pytest.mark.row("B8")
def test_an_expired_certificate_of_the_database(place: Place) -> None:
    """Open connections last, new ones are refused, until a new certificate is in the Secret."""
    there, kept = place.scene, place.scene.ledger
    authority = testbed.database_authority(there.bed.cluster, there.name)
    names = testbed.database_names(there.name)
    before, began = place.pods(), time.time()
    put(there, testbed.DATABASE_SECRET, authority.issue(names, EXPIRED))

    def refused() -> bool:
        """End all connections, so that new ones are needed, and tell whether those fail."""
        psql(there.there, DISCONNECT)
        return any("certificate has expired" in entry.reason for entry in kept.failures(began))

    until(refused, seconds=RENEWAL_SECONDS, what="the server to serve the expired certificate")
    with visitor.visiting(place.scene.there, place.edge) as user:
        until(lambda: "503" in user.outcomes("read", began, time.time()), seconds=30, what="a 503")
        ended = time.time()
        put(there, testbed.DATABASE_SECRET, authority.issue(names))
        back = until(
            lambda: user.served(ended), seconds=RENEWAL_SECONDS, what="the release to serve again"
        )
    seen = all_of(user, began, back)
    place.tell("expired certificate of the database", ended - began, seen, back - ended)
    assert seen["page"] <= {"200", EMPTY}
    assert not kept.lost()
    assert place.pods() == before


def put(there: Scene, name: str, issued: Certificate) -> None:
    """Put a certificate into a Secret, as cert-manager does when it renews."""
    testbed.secret(there.bed.cluster, there.name, name, testbed.tls_secret(issued))


def all_of(user: Visitor, begin: float, end: float) -> Seen:
    """Return what came of the requests that began between two moments, by wish."""
    return {wish: user.outcomes(wish, begin, end) for wish in GOOD}


def refusal(edge: Edge) -> str:
    """Return why a browser would not go on, or nothing."""
    try:
        edge.handshake(TLSVersion.TLSv1_3)
    except SSLError as error:
        return str(error)
    return ""
