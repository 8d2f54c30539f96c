"""All parties of a release's network: its pods, and everybody who might want to reach them.

Pods of Jobs come and go, so idle pods with the same labels stand in for them: policies look at
nothing else. So do others for the monitoring, which the test cluster does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e import pods
from tests.e2e.inside import Node
from tests.e2e.network import Source, Survey, Target, numbered, ports, survey
from tests.e2e.outside import Outside, outside
from tests.template.chart import Values
from tests.template.edges import edges
from tools import testbed
from tools.rollout import ready
from tools.testbed import TestBed

JOBS = ("migrate", "backup", "restore", "test")
LISTEN_PORT = 8080
LISTEN = f"require('net').createServer((socket) => socket.destroy()).listen({LISTEN_PORT})"
EDGE, MONITORING, FOREIGN, ELSEWHERE = "edge", "monitoring", "foreign", "another namespace"


@dataclass
class Parties:
    """Who is there, beside the release, and how to ask each of them to connect."""

    bed: TestBed
    namespace: str
    instance: str
    outside: Outside
    elsewhere: list[dict[str, Any]]  # pods of another namespace, one on each worker
    strangers: dict[str, list[dict[str, Any]]]  # by party

    def survey(self, values: Values) -> Survey:
        """Let everybody try everything; `values` are the effective ones of the release."""
        nodes, own = self._nodes(), numbered(self._own())
        probers = {name_of(pod): nodes[name_of(pod)].process(pod) for pod in self.elsewhere}
        sources = [self._source(nodes, pod, name, party, ours=True) for name, party, pod in own]
        sources += [
            self._source(nodes, pod, party, party)
            for party, found in self.strangers.items()
            for pod in found
        ]
        sources.append(self._source(nodes, self.elsewhere[0], ELSEWHERE, ELSEWHERE))
        sources += [Source(name, "node", name) for name in sorted(nodes)]
        targets = [
            Target(
                f"{name} :{port}",
                party,
                pod["status"]["podIP"],
                port,
                node=name_of(pod),
                ours=True,
            )
            for name, party, pod in own
            for port in sorted(set().union(*ports(nodes[name_of(pod)], pod)))
        ]
        targets += self._others()
        return survey(self.bed.cluster, sources, targets, edges(values), probers)

    def undeclared(self) -> set[tuple[str, int]]:
        """Return the ports that listen in a pod of the release though it does not declare them."""
        nodes, found = self._nodes(), set()
        for name, _, pod in numbered(self._own()):
            declared, listening = ports(nodes[name_of(pod)], pod)
            found |= {(name, port) for port in listening - declared}
        return found

    def _nodes(self) -> dict[str, Node]:
        """Return the workers as they are now."""
        return {name_of(pod): Node(self.bed.cluster, name_of(pod)) for pod in self.elsewhere}

    def _own(self) -> list[dict[str, Any]]:
        """Return the release's pods that run, those that stand in for Jobs among them."""
        selector = f"app.kubernetes.io/instance={self.instance}"
        found = self.bed.cluster.get("pods", "-n", self.namespace, "-l", selector)["items"]
        return [
            pod
            for pod in found
            if pod["status"]["phase"] == "Running"
            and ready(pod)
            and "deletionTimestamp" not in pod["metadata"]
        ]

    def _source(
        self, nodes: dict[str, Node], pod: dict[str, Any], name: str, party: str, ours: bool = False
    ) -> Source:
        node = nodes[name_of(pod)]
        address = pod["status"]["podIP"]
        return Source(name, party, node.name, address, node.process(pod), ours)

    def _others(self) -> list[Target]:
        """Return what a pod may want to reach that is no pod of the release."""

        def service(namespace: str, name: str) -> str:
            found = self.bed.cluster.get("service", name, "-n", namespace)
            return str(found["spec"]["clusterIP"])

        dns = service("kube-system", "kube-dns")
        other = self.elsewhere[-1]
        return [
            Target("DNS :53/UDP", "dns", dns, 53, "UDP"),
            Target("DNS :53/TCP", "dns", dns, 53),
            Target("API server", "API server", service("default", "kubernetes"), 443),
            Target("public :443", "internet", self.outside.public, 443),
            Target("public :80", "internet", self.outside.public, 80),
            Target("private :443", "private", self.outside.private, 443),
            Target(ELSEWHERE, ELSEWHERE, other["status"]["podIP"], LISTEN_PORT),
        ]


def name_of(pod: dict[str, Any]) -> str:
    """Return the name of the node that a pod runs on."""
    return str(pod["spec"]["nodeName"])


@contextmanager
def parties(
    bed: TestBed, namespace: str, instance: str, elsewhere: list[dict[str, Any]]
) -> Iterator[Parties]:
    """Put everybody who is missing around a release, for as long as the context lasts."""
    labels = {"app.kubernetes.io/name": "disney-ai-plus", "app.kubernetes.io/instance": instance}
    jobs = {f"idle-{job}": {**labels, "app.kubernetes.io/component": job} for job in JOBS}
    edge = bed.cluster.get("pods", "-n", "traefik", "-l", "app=traefik")["items"]
    with (
        outside(bed.cluster) as out,
        pods.running(bed, MONITORING, {"idle": {}}) as monitors,
        pods.running(bed, namespace, {"idle-foreign": {}, **jobs}) as (foreign, *_),
    ):
        strangers = {
            EDGE: [pod for pod in edge if ready(pod)],
            MONITORING: monitors,
            FOREIGN: [foreign],
        }
        yield Parties(bed, namespace, instance, out, elsewhere, strangers)


@contextmanager
def monitoring(bed: TestBed) -> Iterator[None]:
    """Have a namespace `monitoring`; one that was there before stays."""
    there = bed.cluster.kubectl("get", "namespace", MONITORING, "--ignore-not-found", "-o", "name")
    if not there:
        testbed.namespace(bed.cluster, MONITORING)
    yield
    if not there:
        bed.cluster.kubectl("delete", "namespace", MONITORING, "--ignore-not-found", "--wait=false")


@contextmanager
def on_every_worker(bed: TestBed, namespace: str) -> Iterator[list[dict[str, Any]]]:
    """Run a pod on each worker, which listens on LISTEN_PORT and has Node.js for the probes."""
    labels = {"app": "elsewhere"}
    testbed.apply(
        bed.cluster,
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "elsewhere", "namespace": namespace},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": pods.spec(bed, LISTEN),
                },
            },
        },
    )
    status = ("rollout", "status", "daemonset/elsewhere", "-n", namespace, "--timeout=90s")
    bed.cluster.kubectl(*status)
    yield bed.cluster.get("pods", "-n", namespace, "-l", "app=elsewhere")["items"]
