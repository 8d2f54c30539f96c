"""Every container, while it runs, has no rights and nothing to write to but what it declares.

The pods of Jobs and of `helm test`, and init containers, end too soon for a look.
A copy of the chart lets their scripts sleep first; everything else about them is the chart's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e import patched, pods
from tests.e2e.hardening import Container, running
from tests.e2e.helm import helm
from tests.e2e.inside import Node
from tests.smoke.release import Release
from tests.template.catalogue import CATALOGUE
from tools import release as releases
from tools import testbed
from tools.errors import ToolError
from tools.lab.helm import merge
from tools.poll import until
from tools.report import parts
from tools.testbed import TestBed

HELD_SECONDS = 90


def after(line: str) -> Callable[[str], str]:
    """Return a function that puts a line before a script."""
    return lambda text: f"{line}\n{text}"


SHELL = ("files/db/guard.sh", "files/tests/database.sh", "files/backup/common.sh")
MODULES = ("files/tests/get.mjs", "files/tests/refused.mjs", "files/pooler/credentials.mjs")
# The migration sleeps by itself: it waits for the database.
HELD = {
    **dict.fromkeys(SHELL, after(f"sleep {HELD_SECONDS}")),
    **dict.fromkeys(
        MODULES, after(f"await new Promise((end) => setTimeout(end, {HELD_SECONDS}_000));")
    ),
}
# What runs and ends, by component and container; `denied` is no part of the release by its labels.
SHORT = {
    ("db", "guard"),
    ("pooler", "credentials"),
    ("migrate", "migrate"),
    ("backup", "backup"),
    ("restore", "restore"),
    ("test", "web"),
    ("test", "api"),
    ("test", "db"),
    ("stranger", "denied"),
}


def component(pod: dict[str, Any]) -> str:
    """Return the component that a pod's labels name."""
    return str(pod["metadata"]["labels"].get("app.kubernetes.io/component", ""))


def containers(bed: TestBed, namespace: str) -> list[Container]:
    """Return every container that runs in a namespace, of pods of whatever component."""
    nodes = {
        node["metadata"]["name"]: Node(bed.cluster, node["metadata"]["name"])
        for node in bed.cluster.get("nodes")["items"]
    }
    found = bed.cluster.get("pods", "-n", namespace)["items"]
    return [
        container
        for pod in found
        if component(pod)
        and "deletionTimestamp" not in pod["metadata"]
        and "nodeName" in pod["spec"]
        for container in running(nodes, pod)
    ]


def kinds(found: list[Container]) -> set[tuple[str, str]]:
    """Return component and name of containers."""
    return {(component(container.pod), container.name) for container in found}


def refused(bed: TestBed, namespace: str, pod: dict[str, Any]) -> str:
    """Return why the namespace refuses a pod, or nothing."""
    words = ("create", "--dry-run=server", "-n", namespace, "-f", "-")
    try:
        bed.cluster.kubectl(*words, stdin=json.dumps(pod))
    except ToolError as error:
        return str(error)
    return ""


@pytest.fixture
def careless(bed: TestBed) -> dict[str, Any]:
    """A pod with everything that the chart takes away."""
    container = {
        **pods.spec(bed)["containers"][0],
        "securityContext": {"runAsUser": 0},
        "volumeMounts": [{"name": "extra", "mountPath": "/usr/extra"}],
    }
    labels = {"app.kubernetes.io/component": "careless"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "careless", "labels": labels},
        "spec": {
            "containers": [container],
            "volumes": [{"name": "extra", "emptyDir": {}}],
            "terminationGracePeriodSeconds": 0,
        },
    }


@pytest.mark.row("S12", "S2")
def test_what_serves_has_no_rights_and_nothing_to_write_to(
    release: Release, installed: str, bed: TestBed
) -> None:
    serving = {name for name, part in CATALOGUE.items() if part.serves}
    found = [c for c in containers(bed, release.namespace) if component(c.pod) in serving]
    declared = {
        (component(pod), container["name"])
        for name in serving
        for pod in release.pods(name)
        for container in pod["spec"]["containers"]
    }
    assert kinds(found) == declared
    complaints = [complaint for container in found for complaint in container.complaints()]
    draw(f"hardening-{installed}", f"What containers may do ({installed})", found)
    assert not complaints


def draw(name: str, title: str, found: list[Container]) -> None:
    """Show what the kernel says of each container's first process."""
    keys = ("Uid", "Gid", "Groups", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")
    rows = []
    for container in sorted(found, key=str):
        status = container.statuses[0]
        rows.append([str(container), *(status[key].replace("\t", " ") for key in keys)])
    note = "As the kernel has it in /proc/PID/status of the first process."
    parts.save(name, parts.Table(title, note, ["container", *keys], rows))


@pytest.mark.row("S12", "S20")
def test_the_namespace_refuses_a_pod_that_is_not_restricted(
    release: Release, bed: TestBed, careless: dict[str, Any]
) -> None:
    assert 'violates PodSecurity "restricted' in refused(bed, release.namespace, careless)
    good = {**careless, "spec": pods.spec(bed)}
    assert refused(bed, release.namespace, good) == ""


@pytest.mark.row("S12", "S2")
def test_what_runs_and_ends_has_no_rights_either(bed: TestBed, namespace: str) -> None:
    more = {"backup": {"enabled": True}, "pooler": {"enabled": True}}
    overlay = merge(testbed.room(bed, namespace, f"{namespace}.localhost"), more)
    with patched.changed(HELD) as chart:
        releases.install(bed.cluster, overlay, chart=chart, namespace=namespace, wait=False)
    hooks = helm("get", "hooks", testbed.RELEASE, namespace=namespace)
    bed.cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=hooks)
    for name in ("backup", "restore"):
        bed.cluster.kubectl(
            "create", "job", f"held-{name}", f"--from=cronjob/{name}", "-n", namespace
        )

    def all_at_once() -> list[Container] | None:
        found = containers(bed, namespace)
        return found if kinds(found) >= SHORT else None

    found = until(all_at_once, seconds=HELD_SECONDS, what=f"all of {sorted(SHORT)} to run")
    short = [
        container for container in found if (component(container.pod), container.name) in SHORT
    ]
    complaints = [complaint for container in short for complaint in container.complaints()]
    draw("hardening-jobs", "What the containers of Jobs and tests may do", short)
    assert not complaints


@pytest.mark.row("S12")
def test_control_a_careless_pod_is_told_for_everything(
    bed: TestBed, namespace: str, careless: dict[str, Any]
) -> None:
    bed.cluster.kubectl(
        *("label", "namespace", namespace, "--overwrite"),
        "pod-security.kubernetes.io/enforce=privileged",
    )
    bed.cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(careless))
    bed.cluster.kubectl(
        "wait", "-n", namespace, "pod/careless", "--for=condition=Ready", "--timeout=60s"
    )
    (container,) = containers(bed, namespace)
    told = "\n".join(container.complaints())
    for complaint in (
        "runs as user ['0'",
        "has capabilities",
        "may gain privileges",
        "runs without a seccomp filter",
        "its own files can be changed",
        "a token of its service account is mounted",
        "it can write to ",
    ):
        assert complaint in told
