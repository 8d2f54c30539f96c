"""What users add: merged by name with what the chart sets, theirs first."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template.chart import COMPONENTS, Values, merge, required, values_of
from tests.template.conftest import Render
from tools.lab.manifests import named

SERVERS = {"api": "api", "web": "web", "db": "postgres"}


@pytest.mark.row("B18")
@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("field", ["nodeSelector", "tolerations", "affinity", "priorityClassName"])
def test_scheduling_is_passed_on(render: Render, component: str, field: str) -> None:
    values = values_of("extension-points")
    spec = render(values=values).pod(component)["spec"]
    plain = render().pod(component)["spec"]
    given = values[component][field]
    assert spec[field] == (plain.get("affinity", {}) | given if field == "affinity" else given)
    assert field == "affinity" or field not in plain


@pytest.mark.row("B18")
@pytest.mark.parametrize("component", COMPONENTS)
def test_labels_and_annotations_are_added(render: Render, component: str) -> None:
    metadata = render(values=values_of("extension-points")).pod(component)["metadata"]
    plain = render().pod(component)["metadata"]
    assert metadata["labels"] == plain["labels"] | {"example.org/tier": "gold"}
    assert metadata["annotations"]["example.org/owner"] == "stories"
    assert plain["annotations"].keys() < metadata["annotations"].keys()


@pytest.mark.row("B18")
@pytest.mark.parametrize("component", COMPONENTS)
def test_labels_cannot_break_the_selector(render: Render, component: str) -> None:
    labels = {"app.kubernetes.io/component": "other"}
    manifests = render(values=merge(required(), {component: {"podLabels": labels}}))
    selector = manifests.workload(component)["spec"]["selector"]["matchLabels"]
    assert selector.items() <= manifests.pod(component)["metadata"]["labels"].items()


@pytest.mark.row("B18")
@pytest.mark.parametrize("component", COMPONENTS)
def test_volumes_are_added_and_replaced_as_a_whole(render: Render, component: str) -> None:
    values: Values = {
        component: {
            "extraVolumes": {
                "notes": {"configMap": {"name": "notes"}},
                "tmp": {"persistentVolumeClaim": {"claimName": "scratch"}},
            },
            "extraVolumeMounts": {"notes": {"mountPath": "/notes"}, "tmp": {"mountPath": "/tmp"}},  # noqa: S108
        }
    }
    manifests = render(values=merge(required(), values))
    volumes = manifests.pod(component)["spec"]["volumes"]
    mounts = manifests.container(component, SERVERS[component])["volumeMounts"]
    for name, source in values[component]["extraVolumes"].items():
        assert named(volumes, name) == {"name": name, **source}
    for name, mount in values[component]["extraVolumeMounts"].items():
        assert named(mounts, name) == {"name": name, **mount}


@pytest.mark.row("B18")
def test_objects_are_added_and_may_be_templates(render: Render) -> None:
    manifests = render(values=values_of("extension-points"), namespace="stories")
    notes = manifests.one("ConfigMap", "notes")
    assert notes["metadata"]["namespace"] == "stories"
    assert notes["data"] == {"release": "disney-ai-plus"}
    assert manifests.has("ConfigMap", "more-notes")


@pytest.mark.row("B18")
@pytest.mark.parametrize("component", COMPONENTS)
def test_one_component_gets_what_it_was_given_and_the_others_do_not(
    render: Render, component: str
) -> None:
    values: dict[str, Any] = {
        component: {"extraEnv": {"ADDED": "yes"}, "podLabels": {"added": "yes"}}
    }
    manifests = render(values=merge(required(), values))
    for name in COMPONENTS:
        env = manifests.container(name, SERVERS[name])["env"]
        labels = manifests.pod(name)["metadata"]["labels"]
        assert ("ADDED" in [entry["name"] for entry in env]) == (name == component)
        assert ("added" in labels) == (name == component)
