"""The values files: differences from the defaults only, and complete but for the secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.chart import (
    CHART,
    CREDENTIALS,
    NEWEST,
    SUPABASE_URL,
    VALUES_FOLDER,
    Values,
    defaults,
    effective,
    load_yaml,
    merge,
    required,
    values_of,
)
from tests.template.conftest import Render
from tools.lab.helm import Helm
from tools.lab.manifests import WORKLOADS
from tools.proc import run
from tools.quantities import quantity
from tools.toolchain import tool

STAGES = ("staging", "production")


def leaves(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value that is no map, with its path."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, values


def lookup(values: Any, path: tuple[str, ...]) -> Any:
    """Return the value at a path, or None."""
    for key in path:
        values = values.get(key) if isinstance(values, dict) else None
    return values


@pytest.mark.row("S17")
@pytest.mark.parametrize("stage", STAGES)
def test_no_value_repeats_the_default(stage: str) -> None:
    found = list(leaves(load_yaml(VALUES_FOLDER / f"{stage}.yaml")))
    assert found
    repeated = [".".join(path) for path, value in found if lookup(defaults(), path) == value]
    assert repeated == []


@pytest.mark.row("S17")
def test_these_are_the_only_stages() -> None:
    assert {path.stem for path in VALUES_FOLDER.iterdir()} == set(STAGES)


@pytest.mark.row("S17", "S13")
@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_holds_a_secret(stage: str) -> None:
    assert "secrets" not in load_yaml(VALUES_FOLDER / f"{stage}.yaml")


@pytest.mark.row("S17")
def test_stages_say_what_they_are() -> None:
    assert effective("staging")["environment"] == "staging"
    assert effective("production")["environment"] == "production"


@pytest.mark.row("S17")
@pytest.mark.parametrize("resource", ["cpu", "memory"])
def test_staging_is_smaller_than_production(render: Render, resource: str) -> None:
    requests = {
        stage: {
            container.name: quantity(container.body["resources"]["requests"][resource])
            for container in render(values=values_of(stage)).containers(*WORKLOADS)
            if container.name in {"api", "web", "postgres"}
        }
        for stage in STAGES
    }
    assert len(requests["staging"]) == 3
    for name, request in requests["staging"].items():
        assert request < requests["production"][name], name


@pytest.mark.row("S17")
def test_values_from_the_command_line_are_values(helm: Helm) -> None:
    """What values.yaml shows at its top: an install without a file."""
    words = [
        *(str(tool("helm")), "template", "disney-ai-plus", str(CHART)),
        *("--set", f"supabase.url={SUPABASE_URL}", "--set", "api.autoscaling.maxReplicas=8"),
        *("--set-string", "api.podLabels.rack=8,secrets.inline.databasePassword=x"),
        *("--set-string", f"secrets.inline.jwtSecret={CREDENTIALS['jwtSecret']}"),
        *("--set-string", f"secrets.inline.supabaseAnonKey={CREDENTIALS['supabaseAnonKey']}"),
    ]
    values: Values = {
        "secrets": {"inline": {"databasePassword": "x"}},
        "api": {"autoscaling": {"maxReplicas": 8}, "podLabels": {"rack": "8"}},
    }
    told = helm.text(values=merge(required(), values), kube_version=NEWEST, namespace="default")
    assert run([*words, "--kube-version", NEWEST], env={"KUBECONFIG": os.devnull}) == told
