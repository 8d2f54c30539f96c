"""What Artifact Hub shows of the chart is there, and true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tools import changelog
from tools.lab.helm import Helm
from tools.lab.manifests import RUNNERS
from tools.paths import CHART, REPOSITORY
from tools.publish import sbom

METADATA = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
ANNOTATIONS = METADATA["annotations"]
SETS = sorted((CHART / "ci").glob("*-values.yaml"))
# https://artifacthub.io/docs/topics/annotations/helm/
CATEGORIES = {
    *("ai-machine-learning", "database", "integration-delivery", "monitoring-logging"),
    *("networking", "security", "storage", "streaming-messaging", "skip-prediction"),
}


def images(node: Any) -> Iterator[str]:
    """Yield what containers run, wherever they are in an object."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("containers", "initContainers"):
                yield from (container["image"] for container in value)
            yield from images(value)
    elif isinstance(node, list):
        for item in node:
            yield from images(item)


@pytest.mark.row("B23")
def test_every_image_that_the_chart_can_run_is_listed() -> None:
    """With the images of values.yaml, whatever else is switched on."""
    helm = Helm(CHART)
    found = set()
    for path in SETS:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "image" not in path.read_text(encoding="utf-8"):
            rendered = helm.render(values=values, valid=False)
            found |= set(images([o for o in rendered if o["kind"] in RUNNERS]))
    assert found == set(sbom.images_of(METADATA).values())


def test_the_changes_are_those_of_the_changelog() -> None:
    entry = changelog.entry(METADATA["version"])
    told = yaml.safe_load(ANNOTATIONS["artifacthub.io/changes"])
    assert [(it["kind"], it["description"]) for it in told] == [
        (it.kind, it.description) for it in entry.changes
    ]


def test_the_chart_is_described() -> None:
    assert ANNOTATIONS["artifacthub.io/license"] == "Apache-2.0"
    assert "Apache License" in (REPOSITORY / "LICENSE").read_text(encoding="utf-8")
    assert ANNOTATIONS["artifacthub.io/category"] in CATEGORIES
    assert METADATA["icon"].startswith("data:image/svg+xml;base64,")
    for field in ("description", "home", "sources", "maintainers", "keywords", "kubeVersion"):
        assert METADATA[field]


def test_the_readme_has_what_a_reader_looks_for() -> None:
    text = (CHART / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert {"Install", "Verify", "Upgrade", "Values"} <= set(headings)
    # Relative links end at the chart: on Artifact Hub there is no repository around it.
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (CHART / link).exists()] == []


def test_what_artifact_hub_is_told_of_the_repository() -> None:
    content = yaml.safe_load((REPOSITORY / "artifacthub-repo.yml").read_text(encoding="utf-8"))
    assert content["owners"][0]["name"] == METADATA["maintainers"][0]["name"]
