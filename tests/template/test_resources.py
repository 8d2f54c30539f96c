"""Requests and limits: every container has them, and they fit what the container is told to use."""

from __future__ import annotations

import pytest

from tests.template.catalogue import internal_database
from tests.template.chart import effective
from tools.lab.manifests import Manifests
from tools.quantities import MIB, postgres_size, quantity

# What Node.js needs beside its heap: code, buffers, threads.
OUTSIDE_THE_HEAP = 96 * MIB


@pytest.mark.row("S6")
def test_every_container_has_requests_and_limits(manifests: Manifests) -> None:
    for container in manifests.containers():
        resources = container.body["resources"]
        for bounds in ("requests", "limits"):
            assert resources[bounds].keys() == {"cpu", "memory", "ephemeral-storage"}, str(
                container
            )


@pytest.mark.row("S6")
def test_requests_are_within_limits(manifests: Manifests) -> None:
    for container in manifests.containers():
        resources = container.body["resources"]
        for resource, request in resources["requests"].items():
            limit = resources["limits"][resource]
            assert quantity(request) <= quantity(limit), f"{container} {resource}"


@pytest.mark.row("S4")
@pytest.mark.parametrize("component", ["api", "web"])
def test_a_full_heap_does_not_scale_the_component_up(manifests: Manifests, component: str) -> None:
    """Node.js limits its heap to half of the container's memory limit by itself."""
    resources = manifests.container(component, component)["resources"]
    heap = quantity(resources["limits"]["memory"]) / 2
    target = 0.8 * quantity(resources["requests"]["memory"])
    assert heap + OUTSIDE_THE_HEAP <= target


@pytest.mark.row("S6")
def test_the_database_fits_into_its_memory(manifests: Manifests, values_set: str) -> None:
    if not internal_database(effective(values_set)):
        return
    postgres = manifests.container("db", "postgres")
    volumes = {v["name"]: v for v in manifests.pod("db")["spec"]["volumes"]}
    shared = volumes["shared-memory"]["emptyDir"]
    settings = dict(a.removeprefix("--").split("=", 1) for a in postgres["args"] if "=" in a)
    assert shared["medium"] == "Memory"  # so it counts against the limit
    used = postgres_size(settings["shared_buffers"]) + quantity(shared["sizeLimit"])
    assert used <= quantity(postgres["resources"]["limits"]["memory"]) / 2


@pytest.mark.row("S6")
def test_scratch_space_is_bounded_by_what_the_pod_may_store(manifests: Manifests) -> None:
    for workload, pod in manifests.pods():
        spec = pod["spec"]
        directories = [v["emptyDir"] for v in spec.get("volumes", []) if "emptyDir" in v]
        scratch = sum(quantity(d["sizeLimit"]) for d in directories if d.get("medium") != "Memory")
        allowed = sum(
            quantity(c["resources"]["limits"]["ephemeral-storage"]) for c in spec["containers"]
        )
        assert scratch < allowed, workload
