"""Pod Security `restricted`, a read-only root filesystem, and no way to the Kubernetes API."""

from __future__ import annotations

import pytest

from tests.template.catalogue import CATALOGUE, expected, internal_database
from tests.template.chart import effective, values_of
from tests.template.conftest import Render
from tools.lab.manifests import Manifests, component_of

# The one pod that is deliberately none of the release's, in `helm test`.
STRANGER = {"denied": 10001}

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
        own = container.component != "stranger"
        user = (CATALOGUE[container.component].users if own else STRANGER)[container.name]
        assert (context["runAsUser"], context["runAsGroup"]) == (user, user), str(container)


@pytest.mark.row("S2")
def test_no_token_is_mounted(manifests: Manifests) -> None:
    for workload, pod in manifests.pods():
        assert pod["spec"]["automountServiceAccountToken"] is False, workload
    for account in manifests.all("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False, account["metadata"]["name"]


@pytest.mark.row("S2")
def test_every_component_has_an_account_of_its_own(manifests: Manifests, values_set: str) -> None:
    values = effective(values_set)
    prefix = values["namePrefix"]
    accounts = {f"{prefix}{c.account or name}" for name, c in expected(values).items()}
    assert {a["metadata"]["name"] for a in manifests.all("ServiceAccount")} == accounts
    for workload, pod in manifests.pods():
        name = component_of(pod)
        component = CATALOGUE["test" if name == "stranger" else name]
        own = component.account or ("test" if name == "stranger" else name)
        assert pod["spec"]["serviceAccountName"] == f"{prefix}{own}", workload


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
    manifests: Manifests, values_set: str, component: str, container: str, paths: set[str]
) -> None:
    if component == "db" and not internal_database(effective(values_set)):
        return
    mounts = manifests.container(component, container)["volumeMounts"]
    assert paths <= {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}


@pytest.mark.row("S12")
@pytest.mark.parametrize("component", ["db", "backup", "restore"])
def test_volumes_belong_to_their_readers_group(render: Render, component: str) -> None:
    context = render(values=values_of("production")).pod(component)["spec"]["securityContext"]
    assert context["fsGroup"] == 999
    assert context["fsGroupChangePolicy"] == "OnRootMismatch"
