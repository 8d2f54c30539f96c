"""The namespace: any, and on request rendered with the labels that enforce `restricted`."""

from __future__ import annotations

import pytest

from tests.template.chart import values_of
from tests.template.conftest import Render


@pytest.mark.row("S20")
def test_the_namespace_is_left_to_helm_by_default(render: Render) -> None:
    assert "Namespace" not in {manifest["kind"] for manifest in render()}


@pytest.mark.row("S20", "S12")
def test_the_rendered_namespace_enforces_restricted(render: Render) -> None:
    manifests = render(values=values_of("namespace"), namespace="stories")
    labels = manifests.one("Namespace", "stories")["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"


@pytest.mark.row("S20")
def test_uninstalling_keeps_the_namespace(render: Render) -> None:
    manifests = render(values=values_of("namespace"))
    annotations = manifests.one("Namespace", "disney-ai-plus")["metadata"]["annotations"]
    assert annotations["helm.sh/resource-policy"] == "keep"
