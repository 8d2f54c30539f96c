"""Backups: a schedule, a volume of their own, and a restore that never runs by itself."""

from __future__ import annotations

import pytest

from tests.template.chart import CHART, KUBERNETES, merge, required, values_of
from tests.template.conftest import Render
from tools.lab.manifests import Manifest, Manifests, named


def values() -> dict[str, object]:
    """Return values with backups on."""
    return merge(required(), {"backup": {"enabled": True}})


def cron(manifests: Manifests, name: str) -> Manifest:
    """Return a CronJob's spec."""
    spec: Manifest = manifests.one("CronJob", name)["spec"]
    return spec


@pytest.mark.row("B6")
def test_backups_are_off_by_default_and_on_in_production(render: Render) -> None:
    assert "CronJob" not in {manifest["kind"] for manifest in render()}
    assert render(values=values_of("production")).has("CronJob", "backup")


@pytest.mark.row("B6")
def test_the_schedule_is_the_users(render: Render) -> None:
    spec = cron(render(values=values_of("backup")), "backup")
    assert spec["schedule"] == "5 1 * * *"
    assert spec["timeZone"] == "Europe/Berlin"
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["startingDeadlineSeconds"] == 3600
    assert "suspend" not in spec
    daily = render(values=merge(values_of("backup"), {"backup": {"schedule": "@daily"}}))
    assert cron(daily, "backup")["schedule"] == "@daily"


@pytest.mark.row("B6", "S16")
@pytest.mark.parametrize("version", KUBERNETES)
def test_time_zones_where_the_cluster_knows_them(render: Render, version: str) -> None:
    spec = cron(render(values=values(), kube_version=version), "backup")
    assert ("timeZone" in spec) == (version not in {"1.25", "1.26"})


@pytest.mark.row("B6", "B17")
@pytest.mark.parametrize("name", ["backup", "restore"])
def test_both_run_the_databases_image(render: Render, name: str) -> None:
    image = {"repository": "example.org/postgres", "tag": "17.1", "pullPolicy": "Always"}
    manifests = render(values=merge(values(), {"db": {"image": image}}))
    container = manifests.container(name, name)
    assert container["image"] == "example.org/postgres:17.1"
    assert container["imagePullPolicy"] == "Always"


@pytest.mark.row("B6")
def test_a_restore_never_starts_by_itself(render: Render) -> None:
    spec = cron(render(values=values()), "restore")
    assert spec["suspend"] is True
    assert spec["schedule"] == "0 0 31 2 *"
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["startingDeadlineSeconds"] == 60
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0


@pytest.mark.row("B6")
@pytest.mark.parametrize("component", ["backup", "restore"])
def test_the_scripts_are_the_charts_files(render: Render, component: str) -> None:
    manifests = render(values=values())
    files = {f.name: f.read_text("utf-8") for f in (CHART / "files" / "backup").iterdir()}
    assert manifests.one("ConfigMap", "backup")["data"] == files
    container = manifests.container(component, component)
    assert container["command"] == ["sh", f"/etc/backup/{component}.sh"]
    assert f"{component}.sh" in files
    assert named(container["volumeMounts"], "scripts")["mountPath"] == "/etc/backup"


@pytest.mark.row("B6")
def test_backups_outlive_the_release(render: Render) -> None:
    manifests = render(values=values_of("backup"))
    claim = manifests.one("PersistentVolumeClaim", "backup")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert claim["spec"]["storageClassName"] == "slow"
    for component in ("backup", "restore"):
        volumes = manifests.pod(component)["spec"]["volumes"]
        assert named(volumes, "backups")["persistentVolumeClaim"] == {"claimName": "backup"}


@pytest.mark.row("B6")
def test_the_scratch_server_has_a_volume_that_goes_with_the_pod(render: Render) -> None:
    manifests = render(values=values_of("backup"))
    scratch = named(manifests.pod("backup")["spec"]["volumes"], "scratch")
    claim = scratch["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert claim["resources"]["requests"]["storage"] == "2Gi"
    assert claim["storageClassName"] == "slow"
    names = {volume["name"] for volume in manifests.pod("restore")["spec"]["volumes"]}
    assert "scratch" not in names


@pytest.mark.row("B6")
@pytest.mark.parametrize("component", ["backup", "restore"])
def test_they_come_in_as_the_application_does(render: Render, component: str) -> None:
    """The network lets nobody in but this role, so there is no other password to keep."""
    container = render(values=values()).container(component, component)
    env = {entry["name"]: entry for entry in container["env"]}
    assert {name: env[name]["value"] for name in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE")} == {
        "PGHOST": "db",
        "PGPORT": "5432",
        "PGUSER": "disney_app",
        "PGDATABASE": "disney_app",
    }
    assert env["PGPASSWORD"]["valueFrom"] == {
        "secretKeyRef": {"name": "db", "key": "POSTGRES_PASSWORD"}
    }
    assert env["KEEP"]["value"] == "7"


@pytest.mark.row("B6")
def test_a_run_that_hangs_is_ended(render: Render) -> None:
    job = cron(render(values=values()), "backup")["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] == 7200


@pytest.mark.row("B6", "B15")
def test_old_backups_are_alerted(render: Render) -> None:
    rules = render(values=values_of("production")).all("PrometheusRule")[0]["spec"]["groups"]
    alerts = {rule.get("alert"): rule for group in rules for rule in group["rules"]}
    series = 'last_successful_time{namespace="disney-ai-plus", cronjob="backup"}'
    assert f"kube_cronjob_status_{series}" in alerts["BackupTooOld"]["expr"]
