"""`helm test` passes, and fails when what it tests is broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.smoke.release import Release
from tools import release as helm
from tools.errors import ToolError
from tools.testbed import TestBed


def apply_as_helm(bed: TestBed, manifest: dict[str, Any]) -> None:
    """Apply an object the way Helm does, or its next upgrade would meet a conflict."""
    kept = {key: value for key, value in manifest.items() if key != "status"}
    metadata = {key: manifest["metadata"][key] for key in ("name", "namespace", "labels")}
    metadata["annotations"] = manifest["metadata"].get("annotations", {})
    bed.cluster.kubectl(
        *("apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", "-"),
        stdin=json.dumps({**kept, "metadata": metadata}),
    )


@contextmanager
def without(release: Release, bed: TestBed, kind: str, name: str) -> Iterator[None]:
    """Take an object out of the release, and put it back as it was."""
    kept: dict[str, Any] = release.get(kind, name)
    release.kubectl("delete", kind, name)
    try:
        yield
    finally:
        apply_as_helm(bed, kept)


@contextmanager
def leading_nowhere(release: Release, bed: TestBed, name: str) -> Iterator[None]:
    """Let a Service select no pod."""
    kept: dict[str, Any] = release.get("service", name)
    selector = {"app.kubernetes.io/component": "nobody"}
    apply_as_helm(bed, {**kept, "spec": {**kept["spec"], "selector": selector}})
    try:
        yield
    finally:
        apply_as_helm(bed, kept)


@pytest.mark.row("B16")
def test_it_passes(release: Release) -> None:
    del release
    output = helm.check()
    for check in ("web", "api", "db", "denied"):
        assert f"test-{check}" in output
    assert "answers with 200" in output
    assert "accepting connections" in output
    assert "is closed to pods outside the release" in output


@pytest.mark.row("B16")
@pytest.mark.only("staging")
def test_it_fails_where_the_network_is_open(release: Release, bed: TestBed) -> None:
    with without(release, bed, "networkpolicy", "db"):
        with without(release, bed, "networkpolicy", "default-deny"), pytest.raises(ToolError):
            helm.check("test-denied")
        log = release.kubectl("logs", "test-denied")
    assert "A pod outside the release can connect" in log


@pytest.mark.full
@pytest.mark.row("B16")
@pytest.mark.only("staging")
def test_it_fails_where_a_service_leads_nowhere(release: Release, bed: TestBed) -> None:
    with leading_nowhere(release, bed, "web"), pytest.raises(ToolError):
        helm.check("test-web")
    assert "is not healthy" in release.kubectl("logs", "test-web")
