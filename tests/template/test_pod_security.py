"""Pod Security `restricted`, a read-only root filesystem, and no way to the Kubernetes API."""

from __future__ import annotations

import pytest

from tests.template.manifests import Manifests

USERS = {"api": 10001, "web": 10001, "migrate": 10001, "postgres": 999, "exporter": 65534}

RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


@pytest.mark.row("S12")
def test_pods_are_restricted(manifests: Manifests) -> None:
    for workload, pod in manifests.pods():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True, workload
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, workload
        assert not pod["spec"].keys() & {"hostNetwork", "hostPID", "hostIPC"}, workload
        for volume in pod["spec"].get("volumes", []):
            assert volume.keys() - {"name"} <= RESTRICTED_VOLUMES, f"{workload} {volume}"


@pytest.mark.row("S12")
def test_containers_are_restricted(manifests: Manifests) -> None:
    for container in manifests.containers():
        context = container.body["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, str(container)
        assert context["capabilities"] == {"drop": ["ALL"]}, str(container)
        assert context["readOnlyRootFilesystem"] is True, str(container)
        assert not context.get("privileged", False), str(container)
        assert context.get("runAsNonRoot", True) is True, str(container)
        assert "seccompProfile" not in context, f"{container} replaces the pod's profile"
        assert not [p for p in container.body.get("ports", []) if "hostPort" in p], str(container)


@pytest.mark.row("S12")
def test_users_are_the_ones_the_images_are_built_for(manifests: Manifests) -> None:
    pods = {workload: pod["spec"]["securityContext"] for workload, pod in manifests.pods()}
    for container in manifests.containers():
        context = pods[container.workload] | container.body["securityContext"]
        user = USERS[container.name]
        assert (context["runAsUser"], context["runAsGroup"]) == (user, user), str(container)


@pytest.mark.row("S2")
def test_no_token_is_mounted(manifests: Manifests) -> None:
    for workload, pod in manifests.pods():
        assert pod["spec"]["automountServiceAccountToken"] is False, workload
    for account in manifests.all("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False, account["metadata"]["name"]


@pytest.mark.row("S2")
def test_every_component_has_an_account_of_its_own(manifests: Manifests) -> None:
    accounts = [pod["spec"]["serviceAccountName"] for _, pod in manifests.pods()]
    assert sorted(accounts) == sorted(
        a["metadata"]["name"] for a in manifests.all("ServiceAccount")
    )
    assert len(set(accounts)) == 3


@pytest.mark.row("S2")
def test_no_permission_is_granted(manifests: Manifests) -> None:
    kinds = {manifest["kind"] for manifest in manifests}
    assert not {kind for kind in kinds if "Role" in kind}


@pytest.mark.row("S12")
def test_other_services_are_kept_out_of_the_environment(manifests: Manifests) -> None:
    for workload, pod in manifests.pods():
        assert pod["spec"]["enableServiceLinks"] is False, workload


@pytest.mark.row("S12")
@pytest.mark.parametrize(
    ("component", "container", "paths"),
    [
        ("web", "web", {"/tmp", "/app/.next/cache"}),  # noqa: S108
        ("db", "postgres", {"/tmp", "/var/run/postgresql", "/dev/shm", "/var/lib/postgresql"}),  # noqa: S108
    ],
)
def test_what_must_be_written_can_be(
    manifests: Manifests, component: str, container: str, paths: set[str]
) -> None:
    mounts = manifests.container(component, container)["volumeMounts"]
    assert paths <= {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}


@pytest.mark.row("S12")
def test_the_databases_volume_belongs_to_its_group(manifests: Manifests) -> None:
    context = manifests.pod("db")["spec"]["securityContext"]
    assert context["fsGroup"] == 999
    assert context["fsGroupChangePolicy"] == "OnRootMismatch"
