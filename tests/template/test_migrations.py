"""Migrations: a Job that runs again when its content changes, and that the API waits for."""

from __future__ import annotations

import re

import pytest

from tests.template.chart import CHART, Values, merge, required, values_of
from tests.template.conftest import Render
from tools.lab.helm import Helm
from tools.lab.manifests import Manifest, Manifests

CHANGES: dict[str, Values] = {
    "image": {"api": {"image": {"tag": "1.2.3"}}},
    "another database": {"db": {"port": 6000}},
    "its deadline": {"migrations": {"deadlineSeconds": 60}},
    "its environment": {"migrations": {"extraEnv": {"LOG_LEVEL": "debug"}}},
    "its resources": {"migrations": {"resources": {"limits": {"cpu": "1"}}}},
    "where it runs": {"migrations": {"nodeSelector": {"disk": "ssd"}}},
    "pull secrets": {"global": {"imagePullSecrets": [{"name": "registry"}]}},
}
NO_CHANGES: dict[str, Values] = {
    "replicas": {"api": {"autoscaling": {"maxReplicas": 9}}},
    "the API's environment": {"api": {"extraEnv": {"LOG_LEVEL": "debug"}}},
    "web": {"web": {"image": {"tag": "1.2.3"}}},
}


def job(manifests: Manifests) -> Manifest:
    """Return the Job of the migrations."""
    return manifests.workload("migrate")


def name(render: Render, values: Values) -> str:
    """Return the Job's name."""
    found: str = job(render(values=merge(required(), values)))["metadata"]["name"]
    return found


@pytest.mark.row("B20")
@pytest.mark.parametrize("change", CHANGES)
def test_other_content_is_another_job(render: Render, change: str) -> None:
    assert re.fullmatch(r"migrate-[0-9a-f]{8}", name(render, {}))
    assert name(render, CHANGES[change]) != name(render, {})


@pytest.mark.row("B20")
@pytest.mark.parametrize("change", NO_CHANGES)
def test_the_same_content_is_the_same_job(render: Render, change: str) -> None:
    assert name(render, NO_CHANGES[change]) == name(render, {})


@pytest.mark.row("B20")
def test_a_new_chart_version_alone_is_the_same_job(render: Render, helm: Helm) -> None:
    chart = re.sub(r"(?m)^version: .*$", "version: 9.9.9", helm.source("Chart.yaml"))
    other = helm.changed({"Chart.yaml": chart}).render()
    assert job(other)["metadata"]["labels"]["helm.sh/chart"] == "disney-ai-plus-9.9.9"
    assert job(other)["metadata"]["name"] == name(render, {})


@pytest.mark.row("B20")
def test_one_job_migrates_and_no_pod_of_the_api_does(render: Render) -> None:
    manifests = render()
    assert "initContainers" not in manifests.pod("api")["spec"]
    commands = [c.body.get("command") for c in manifests.containers()]
    assert commands.count(["node", "src/migrate.js"]) == 1


@pytest.mark.row("B20")
def test_a_failed_migration_leaves_its_log_and_its_reason(render: Render) -> None:
    pod = job(render())["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["containers"][0]["terminationMessagePolicy"] == "FallbackToLogsOnError"
    # Removed after a while, it would run again with the next GitOps sync.
    assert "ttlSecondsAfterFinished" not in job(render())["spec"]


@pytest.mark.row("B20")
def test_attempts_are_limited(render: Render) -> None:
    assert job(render())["spec"]["backoffLimit"] == 2
    assert job(render(values=values_of("migration-hook")))["spec"]["backoffLimit"] == 0


@pytest.mark.row("B20")
def test_a_plain_job_unless_asked(render: Render) -> None:
    assert hooks(job(render())) == {}


def hooks(manifest: Manifest) -> dict[str, str]:
    """Return what an object tells Helm about being a hook."""
    annotations = manifest["metadata"]["annotations"].items()
    return {name: value for name, value in annotations if name.startswith("helm.sh/")}


@pytest.mark.row("B20")
def test_the_hook_is_for_upgrades_only(helm: Helm) -> None:
    """On an install there is no database before it, and after it the API would already wait."""
    values = values_of("migration-hook")
    upgrade = helm.render(values=values, upgrade=True)
    assert hooks(job(upgrade)) == {
        "helm.sh/hook": "pre-upgrade",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded,hook-failed",
        "helm.sh/hook-output-log-policy": "hook-failed",
    }
    assert hooks(job(helm.render(values=values))) == {}
    assert hooks(job(helm.render(upgrade=True))) == {}


@pytest.mark.row("B20")
def test_readiness_of_the_api_is_what_waits(render: Render) -> None:
    """The image's /readyz fails until its migrations are applied (images/api/src/schema.js)."""
    probes = render().container("api", "api")
    assert probes["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert probes["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert "schema_outdated" in (CHART.parents[1] / "images/api/src/schema.js").read_text("utf-8")
