"""Image references: by tag or by digest, from the original registry or a mirror."""

from __future__ import annotations

import pytest

from tests.template.catalogue import internal_database
from tests.template.chart import CHART, Values, effective, load_yaml, merge, required, values_of
from tests.template.conftest import Render
from tools.lab.manifests import WORKLOADS

DIGEST = "sha256:" + "1" * 64


def images(render: Render, values: Values) -> dict[str, str]:
    """Return the image of every container that is no test's."""
    containers = render(values=merge(required(), values)).containers(*WORKLOADS, "Job")
    return {container.name: container.body["image"] for container in containers}


@pytest.mark.row("B17")
def test_default_images(render: Render) -> None:
    version = load_yaml(CHART / "Chart.yaml")["appVersion"]
    assert images(render, {}) == {
        "migrate": f"disney-ai-plus/api:{version}",
        "api": f"disney-ai-plus/api:{version}",
        "web": f"disney-ai-plus/web:{version}",
        "guard": "docker.io/library/postgres:17.7",
        "postgres": "docker.io/library/postgres:17.7",
        "exporter": "quay.io/prometheuscommunity/postgres-exporter:v0.17.1",
    }


@pytest.mark.row("B17")
def test_a_mirror_replaces_the_registry_and_keeps_the_paths(render: Render) -> None:
    assert images(render, {"global": {"imageRegistry": "mirror.example.org:5000"}}) == {
        "migrate": "mirror.example.org:5000/disney-ai-plus/api:0.1.0",
        "api": "mirror.example.org:5000/disney-ai-plus/api:0.1.0",
        "web": "mirror.example.org:5000/disney-ai-plus/web:0.1.0",
        "guard": "mirror.example.org:5000/library/postgres:17.7",
        "postgres": "mirror.example.org:5000/library/postgres:17.7",
        "exporter": "mirror.example.org:5000/prometheuscommunity/postgres-exporter:v0.17.1",
    }


@pytest.mark.row("B17")
@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        ("localhost/team/api", "mirror.example.org/team/api"),
        ("localhost:5000/api", "mirror.example.org/api"),
        ("registry.example.org/team/api", "mirror.example.org/team/api"),
        ("team/api", "mirror.example.org/team/api"),
        ("api", "mirror.example.org/api"),
    ],
)
def test_a_mirror_takes_any_repository(render: Render, repository: str, expected: str) -> None:
    values: Values = {
        "global": {"imageRegistry": "mirror.example.org"},
        "api": {"image": {"repository": repository, "tag": "1"}},
    }
    assert images(render, values)["api"] == f"{expected}:1"


@pytest.mark.row("B17")
@pytest.mark.parametrize("component", ["api", "web"])
def test_a_digest_wins_over_a_tag(render: Render, component: str) -> None:
    values = {component: {"image": {"tag": "1.2.3", "digest": DIGEST}}}
    assert images(render, values)[component] == f"disney-ai-plus/{component}@{DIGEST}"


@pytest.mark.row("B17")
def test_migrations_run_the_apis_own_image(render: Render) -> None:
    found = images(render, {"api": {"image": {"digest": DIGEST}}})
    assert found["migrate"] == found["api"]


@pytest.mark.row("B16", "B17")
def test_jobs_and_tests_need_no_image_of_their_own(render: Render, values_set: str) -> None:
    manifests = render(values=values_of(values_set))
    serving = {container.body["image"] for container in manifests.containers(*WORKLOADS)}
    if not internal_database(effective(values_set)):
        serving.add("docker.io/library/postgres:17.7")  # for its programs
    for container in manifests.containers():
        assert container.body["image"] in serving, str(container)


@pytest.mark.row("B17")
def test_pull_secrets_reach_every_pod(render: Render) -> None:
    secrets = [{"name": "registry-credentials"}]
    manifests = render(values=merge(required(), {"global": {"imagePullSecrets": secrets}}))
    for workload, pod in manifests.pods():
        assert pod["spec"]["imagePullSecrets"] == secrets, workload


@pytest.mark.row("B17")
def test_pull_policy_is_settable(render: Render) -> None:
    manifests = render(values=merge(required(), {"web": {"image": {"pullPolicy": "Always"}}}))
    assert manifests.container("web", "web")["imagePullPolicy"] == "Always"
    assert manifests.container("api", "api")["imagePullPolicy"] == "IfNotPresent"
