"""A second release in the namespace, with a prefix, and the first one leave each other alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.smoke.release import Edge, Release
from tools import release as releases
from tools import testbed, toolchain
from tools.cluster import KUBECONFIG
from tools.paths import REPOSITORY
from tools.proc import run
from tools.testbed import NAMESPACE, TestBed

STAGING = REPOSITORY / "values" / "staging.yaml"
PREFIX = "blue-"

pytestmark = pytest.mark.only("staging")


@pytest.fixture
def blue(bed: TestBed, release: Release) -> Iterator[Release]:
    """A second release beside the first."""
    values = testbed.room(bed)
    values["edge"]["host"] = "blue.disney-ai-plus.localhost"
    values["namePrefix"] = PREFIX
    try:
        releases.install(bed.cluster, values, values=[STAGING], name="blue")
        yield Release(release.namespace, PREFIX)
    finally:
        helm = (toolchain.tool("helm"), "uninstall", "blue", "--namespace", NAMESPACE)
        run([*helm, "--kubeconfig", KUBECONFIG, "--ignore-not-found"])
        bed.cluster.kubectl("delete", "pvc", f"data-{PREFIX}db-0", "-n", NAMESPACE)


def addresses(release: Release, component: str) -> set[str]:
    """Return the addresses behind a component's Service."""
    slices = release.kubectl(
        *("get", "endpointslices", "-l", f"kubernetes.io/service-name={release.prefix}{component}"),
        *("-o", "jsonpath={.items[*].endpoints[*].addresses[0]}"),
    )
    return set(slices.split())


@pytest.mark.row("S1", "S9")
def test_neither_touches_the_other(
    release: Release, blue: Release, edge: Edge, connect: Callable[[str, str, str, int], str]
) -> None:
    for component in ("web", "api", "db"):
        own, others = addresses(release, component), addresses(blue, component)
        assert own
        assert others
        assert not own & others
    (theirs,) = addresses(release, "db")
    (ours,) = addresses(blue, "db")
    source = f"deployment/{PREFIX}api"
    assert connect(NAMESPACE, source, ours, 5432) == "connected"
    assert connect(NAMESPACE, source, theirs, 5432) == "refused"
    with edge.session() as session:
        assert session.get(edge.url("/")).status_code == 200


@pytest.mark.row("B7", "S1")
def test_one_goes_and_the_other_stays(release: Release, edge: Edge) -> None:
    left = release.get("all", "", "-l", "app.kubernetes.io/instance=blue")["items"]
    gone = [item for item in left if "deletionTimestamp" not in item["metadata"]]
    assert [item["metadata"]["name"] for item in gone if item["kind"] != "Pod"] == []
    with edge.session() as session:
        assert session.get(edge.url("/v1/stories")).status_code == 200


@pytest.mark.row("B12")
def test_an_upgrade_never_fights_with_the_autoscaler(release: Release, bed: TestBed) -> None:
    """Server-side apply: Helm does not own the replicas, so whoever scales meets no conflict."""
    release.kubectl("scale", "deployment", "api", "--replicas=3")
    releases.install(bed.cluster, testbed.room(bed), values=[STAGING])
    found = release.get("deployment", "api", "--show-managed-fields")["metadata"]["managedFields"]
    (helm,) = (m["fieldsV1"]["f:spec"] for m in found if m["manager"] == "helm")
    assert "f:template" in helm
    assert "f:replicas" not in helm
