"""No request is lost to what an operator does to a release (replacing the edge itself excluded).

Requests go through the edge as users send them: half over kept connections, half over new ones, an
eighth of them writes. Each answer must come within the 30 s that the chart's grace period plans for
the longest request, with the right status and content; how long it took is in the report.

A drain moves web and API, as `kubectl drain` does, but leaves the database where it is: on kind
its volume belongs to one node, so it could only come back there, after the drain. What its restart
means is the business of the tests of the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.e2e import nodes, patched, traffic
from tests.e2e.site import Site, component
from tests.e2e.traffic import Traffic
from tools import load
from tools.cluster import CTR
from tools.errors import ToolError
from tools.load_results import Results
from tools.paths import CHART, REPORT
from tools.testbed import TestBed

# A quarter of what two cores make, which also start the pods.
RATE, RESTART_RATE = 80, 20
REQUESTS = 100_000
# A round takes about three minutes; all of them some 25.
SECONDS = 3600
FIXED = (
    *("--set", "api.autoscaling.enabled=false", "--set", "web.autoscaling.enabled=false"),
    *("--set", "api.replicas=3", "--set", "web.replicas=3"),
)
WRITES, HELD_BACK = 0.1, 0.001


@contextmanager
def another_tag(site: Site, tag: str) -> Iterator[None]:
    """Give the images of web and API another tag in each node: for Kubernetes, other images."""
    images = [image.reference for image in site.bed.images if image.component in ("api", "web")]
    others = [f"{reference.rsplit(':', 1)[0]}:{tag}" for reference in images]
    engine = site.bed.cluster.engine
    everywhere = [node["metadata"]["name"] for node in site.bed.cluster.get("nodes")["items"]]
    for node in everywhere:
        for image, other in zip(images, others, strict=True):
            both = (f"docker.io/{image}", f"docker.io/{other}")
            engine.run("exec", node, *CTR, "images", "tag", "--force", *both)
    try:
        yield
    finally:
        names = [f"docker.io/{other}" for other in others]
        for node in everywhere:
            engine.run("exec", node, *CTR, "images", "rm", *names)


def drain(site: Site, node: str) -> None:
    """Empty a node of web and API while it takes no new pods, and let it take some again."""
    kubectl = site.bed.cluster.kubectl
    try:
        kubectl(
            *("drain", node, "--ignore-daemonsets", "--delete-emptydir-data"),
            *(f"--pod-selector={site.stateless}", "--timeout=240s"),
        )
        site.settle(api=3, web=3)
        assert node not in {pod["spec"]["nodeName"] for pod in site.pods()}
    finally:
        kubectl("uncordon", node)


def delete_one_of_each(site: Site) -> None:
    """Delete a pod of web and one of the API, as somebody who hopes that it helps would."""
    one = {component(pod): pod["metadata"]["name"] for pod in site.pods()}
    site.there.kubectl("delete", "pod", *one.values(), "--wait=false")
    site.settle(api=3, web=3)


def operate(site: Site, on: Traffic, tag: str) -> None:
    """Do once what operators do, and leave the release as it was, but for the images' tag."""
    with on.event("nothing happens"):
        on.wait_for(5 * RATE, seconds=60)
    with on.event("upgrade: other images"):
        for name in ("api", "web"):
            site.overlay[name]["image"]["tag"] = tag
        site.install(*FIXED)
        site.settle(api=3, web=3)
    with on.event("upgrade: configuration"):
        site.install(*FIXED, "--set", "supabase.url=https://other.supabase.invalid")
        site.settle(api=3, web=3)
    with on.event("rollback"):
        site.roll_back()
        site.settle(api=3, web=3)
    for number, node in enumerate(nodes.workers(site.bed), start=1):
        with on.event(f"drain of worker {number}"):
            drain(site, node)
    with on.event("pods deleted"):
        delete_one_of_each(site)
    # One after the other: fourteen processes that start at once are a test of two cores, no more.
    for api, web in ((10, 3), (10, 10), (3, 3)):
        with on.event(f"scale to {api} api, {web} web"):
            site.install(*FIXED, "--set", f"api.replicas={api}", "--set", f"web.replicas={web}")
            site.settle(api=api, web=web)


@pytest.mark.full
@pytest.mark.row("B9", "S11", "B11", "B19")
def test_no_request_is_lost(
    bed: TestBed, namespace: str, record_property: Callable[[str, object], None]
) -> None:
    site = Site.room(bed, namespace)
    site.install(*FIXED)
    site.settle(api=3, web=3)
    samples = REPORT / "zero-downtime.csv"
    with (
        site.there.edge(None, None) as edge,
        traffic.steady(site.there, edge, samples, rate=RATE, seconds=SECONDS) as on,
        ExitStack() as tags,
    ):
        for number in count(1):
            tag = f"load-{number}"
            tags.enter_context(another_tag(site, tag))
            operate(site, on, tag)
            if on.sent() >= REQUESTS:
                break

    results = on.results()
    note = f"{RATE} requests a second through the edge, an eighth of them writes."
    traffic.draw("zero-downtime", "No request lost", note, on, results)
    requests = len(results.requests)
    record_property("requests", f"{requests}, {len(results.failures)} of them failed")
    assert results.failures == []
    assert requests >= REQUESTS
    # The load was what it should be: hardly any held back, half over new connections, and writes.
    assert len(results.dropped) <= HELD_BACK * requests
    assert 0.5 <= len(results.connections) / requests + 0.01 <= 0.56
    assert sum(sent.method == "POST" for sent in results.requests) >= WRITES * requests


def restarted(
    bed: TestBed, namespace: str, part: str, title: str, *flags: str, chart: Path = CHART
) -> Results:
    """Restart web and API of a new release under load; draw and return what came of it."""
    site = Site.room(bed, namespace)
    site.install(*FIXED, *flags, chart=chart)
    site.settle(api=3, web=3)
    with (
        site.there.edge(None, None) as edge,
        traffic.steady(
            site.there, edge, REPORT / f"{part}.csv", rate=RESTART_RATE, seconds=300
        ) as on,
        on.event("restart"),
    ):
        site.restart()
        site.settle(api=3, web=3)
    results = on.results()
    traffic.draw(part, title, f"{RESTART_RATE} requests a second.", on, results)
    return results


@pytest.mark.row("B9")
def test_a_restart_loses_no_request(
    bed: TestBed, namespace: str, record_property: Callable[[str, object], None]
) -> None:
    results = restarted(bed, namespace, "restart", "No request lost by a restart")
    record_property("requests", f"{len(results.requests)}, {len(results.failures)} of them failed")
    assert results.failures == []
    assert len(results.requests) > RESTART_RATE


def unprotected(pod: str) -> str:
    """Return the templates of pods without the wait before SIGTERM."""
    head, tail = pod.split('{{- define "pod.preStop" -}}\n')
    assert tail.count("{{- end }}") == 2
    return head + '{{- define "pod.preStop" -}}\n{}\n{{- end }}\n'


@pytest.mark.full
@pytest.mark.row("B9")
def test_without_the_wait_before_sigterm_requests_are_lost(
    bed: TestBed, namespace: str, record_property: Callable[[str, object], None]
) -> None:
    """The control: neither the chart's wait nor the images' own, and a mere restart does harm."""
    flags = [f"--set-string={name}.extraEnv.DRAIN_SECONDS=0" for name in ("api", "web")]
    title = "The control: restart without a wait"
    with patched.changed({"templates/_pod.tpl": unprotected}) as chart:
        results = restarted(bed, namespace, "restart-control", title, *flags, chart=chart)
    record_property("failed", f"{len(results.failures)} of {len(results.requests)}")
    assert results.failures


def test_an_edge_that_does_not_answer_is_named(bed: TestBed, tmp_path: Path) -> None:
    address = f"127.0.0.1:{bed.cluster.ports['https']}"
    environment = {**load.way_in("nobody.localhost", address), "RATE": "2", "SECONDS": "10"}
    with (
        pytest.raises(ToolError, match=f"The edge at {address} does not answer for nobody"),
        load.running(traffic.SCRIPTS / "steady.js", environment, tmp_path / "s.csv") as running,
    ):
        running.wait(60)
