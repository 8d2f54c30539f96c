"""What is written in two places says the same: images, ports, programs, locks."""

from __future__ import annotations

import re
from string import Template
from typing import Any

import pytest
import yaml

from tools import addons, lint, node_image
from tools.cluster import NODE_PORTS
from tools.paths import CHART
from tools.versions import module, table

TOOLS = list(table()["tools"])
MANIFESTS = sorted(addons.MANIFESTS.glob("*.yaml"))
GO_SUM = re.compile(r"\S+ v\S+ h1:[A-Za-z0-9+/]{43}=")


def images(document: Any) -> set[str]:
    """Return every container image in a manifest."""
    if isinstance(document, dict):
        own = {document["image"]} if isinstance(document.get("image"), str) else set()
        return own.union(*map(images, document.values()))
    if isinstance(document, list):
        return set().union(*map(images, document))
    return set()


@pytest.mark.parametrize("name", [name for name in TOOLS if module(name).replace])
def test_what_replaces_unpublished_folders_is_pinned(name: str) -> None:
    lines = module(name).sums.read_text().splitlines()
    assert lines
    assert [line for line in lines if not GO_SUM.fullmatch(line)] == []
    for _, version in module(name).replace:
        assert [line for line in lines if f" {version} " in line], version


def test_only_what_no_registry_cluster_uses_is_preloaded_only() -> None:
    used = set().union(*(Template(path.read_text()).get_identifiers() for path in MANIFESTS))
    for name in used:
        assert not table()["addons"][name.replace("_", "-")].endswith(":preloaded")


def test_every_image_of_the_node_image_is_preloaded_into_it() -> None:
    preloaded = {*table()["addons"].values(), table()["images"]["busybox"]}
    for path in (node_image.SOURCE / "files/kind/manifests").glob("*.yaml"):
        documents = list(yaml.safe_load_all(path.read_text()))
        embedded = [
            yaml.safe_load(text)
            for document in documents
            if document and document["kind"] == "ConfigMap"
            for name, text in document["data"].items()
            if name.endswith(".yaml")
        ]
        found = images([*documents, *embedded])
        assert found
        assert found <= preloaded


@pytest.mark.parametrize(
    "program",
    [*node_image.PROGRAMS, *node_image.NETWORK_PROGRAMS, *node_image.NODE_PROGRAMS],
)
def test_every_program_of_the_node_image_is_made_by_one_of_its_builds(program: str) -> None:
    makers = [name for name in node_image.BUILDS if program in module(name).programs]
    assert len(makers) == (0 if program == "pause" else 1)


def test_the_chart_runs_the_exporter_that_is_built_where_no_registry_answers() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert values["db"]["exporter"]["image"]["tag"] == module("postgres_exporter").version


def test_the_edge_listens_where_the_cluster_publishes_it() -> None:
    documents = yaml.safe_load_all((addons.MANIFESTS / "traefik.yaml").read_text())
    (service,) = (found for found in documents if found["kind"] == "Service")
    assert {port["name"]: port["nodePort"] for port in service["spec"]["ports"]} == NODE_PORTS


@pytest.mark.parametrize("name", [*lint.TOOLS, "kind", "kubectl"])
def test_every_tool_that_the_host_runs_can_be_recognised_on_path(name: str) -> None:
    assert module(name).probe
