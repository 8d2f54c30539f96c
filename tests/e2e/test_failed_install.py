"""A failed install says what a person needs to know, at once, and no secret."""

from __future__ import annotations

import time

import pytest

from tools import release, testbed
from tools.errors import ToolError
from tools.testbed import TestBed


@pytest.mark.row("S18")
def test_a_missing_image_is_named_before_any_timeout(bed: TestBed, namespace: str) -> None:
    overlay = testbed.room(bed, namespace, f"{namespace}.localhost")
    begun = time.monotonic()
    with pytest.raises(ToolError) as caught:
        release.install(
            bed.cluster,
            overlay,
            flags=["--set", "web.image.tag=absent"],
            namespace=namespace,
        )
    message = str(caught.value)
    assert time.monotonic() - begun < release.READY_SECONDS / 2
    assert "disney-ai-plus/web:absent" in message
    assert "pod web-" in message
    assert "event Failed" in message
    for secret in overlay["secrets"]["inline"].values():
        assert secret not in message


@pytest.mark.row("S13")
def test_missing_secrets_are_all_named(bed: TestBed, namespace: str) -> None:
    overlay = testbed.room(bed, namespace)
    overlay["secrets"]["inline"] = {}
    with pytest.raises(ToolError) as caught:
        release.install(bed.cluster, overlay, namespace=namespace)
    for path in ("databasePassword", "jwtSecret", "supabaseAnonKey"):
        assert f"secrets.inline.{path}" in str(caught.value)
