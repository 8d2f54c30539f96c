"""The API server takes what either Helm renders, whichever it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import testbed, toolchain
from tools.paths import CHART, REPOSITORY
from tools.proc import run
from tools.testbed import TestBed


@pytest.mark.row("S16", "S17")
@pytest.mark.parametrize("helm", ["helm", "helm3"])
@pytest.mark.parametrize("values", ["staging", "production"])
def test_the_server_accepts_the_render(
    bed: TestBed, namespace: str, helm: str, values: str
) -> None:
    file: Path = REPOSITORY / "values" / f"{values}.yaml"
    overlay = testbed.values(bed.images, testbed.credentials(bed.cluster))
    manifests = run(
        [
            *(toolchain.tool(helm), "template", "disney-ai-plus", CHART, "--namespace", namespace),
            *("--values", file, "--values", "-", "--skip-tests"),
        ],
        stdin=json.dumps(overlay),
    )
    accepted = bed.cluster.kubectl(
        *("apply", "--server-side", "--dry-run=server", "-n", namespace, "-f", "-"),
        stdin=manifests,
    )
    assert "statefulset.apps/db serverside-applied" in accepted


@pytest.mark.row("B1", "B6", "B8", "B10")
@pytest.mark.parametrize("feature", ["backup", "database-tls", "external", "gateway", "sealed"])
def test_the_server_accepts_what_a_feature_adds(bed: TestBed, namespace: str, feature: str) -> None:
    """Against the real definitions of the other projects' resources, too."""
    file = CHART / "ci" / f"{feature}-values.yaml"
    manifests = run(
        [
            *(toolchain.tool("helm"), "template", "disney-ai-plus", CHART),
            *("--namespace", namespace, "--values", file, "--skip-tests"),
        ]
    )
    accepted = bed.cluster.kubectl(
        *("apply", "--server-side", "--dry-run=server", "-n", namespace, "-f", "-"),
        stdin=manifests,
    )
    assert accepted.count("serverside-applied") > 10
