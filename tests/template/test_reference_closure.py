"""Everything that names something else in the release names something that exists."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.template.chart import Values, effective
from tests.template.closure import CHECKS, keys_in, owned_keys
from tests.template.conftest import Render
from tools.lab.manifests import Manifests

Check = Callable[[Manifests, Values], None]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_reference_leads_somewhere(
    manifests: Manifests, values_set: str, check: Check
) -> None:
    check(manifests, effective(values_set))


def test_every_key_that_the_release_makes_is_read(manifests: Manifests) -> None:
    read: set[tuple[str, str, str]] = set()
    for container in manifests.containers():
        for entry in container.body.get("env", []):
            for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
                if ref := entry.get("valueFrom", {}).get(field):
                    read.add((kind, ref["name"], ref["key"]))
    for _, pod in manifests.pods():
        for volume in pod["spec"].get("volumes", []):
            if source := volume.get("configMap"):
                for key in keys_in(source, manifests):
                    read.add(("ConfigMap", source["name"], key))
    overridden = {"NODE_ENV"}  # by extraEnv, in one of the values sets
    for (kind, name), keys in owned_keys(manifests).items():
        if "notes" not in name and not name.endswith("dashboard"):  # Grafana reads that one
            unread = {key for key in keys if (kind, name, key) not in read}
            assert unread <= overridden, f"{kind}/{name}"


def test_every_secret_in_a_volume_is_a_certificate_that_the_values_name(
    manifests: Manifests, values_set: str
) -> None:
    """No pod mounts a credential: those are in the environment, key by key."""
    values = effective(values_set)
    tls, prefix = values["db"]["tls"], values["namePrefix"]
    allowed = {tls["secretName"] or f"{prefix}db-tls", tls["caSecretName"]}
    if values["pooler"]["enabled"]:
        allowed.add(values["pooler"]["tls"]["secretName"] or f"{prefix}pooler-tls")
    mounted = {
        volume["secret"]["secretName"]
        for _, pod in manifests.pods()
        for volume in pod["spec"].get("volumes", [])
        if "secret" in volume
    }
    assert mounted <= allowed
    if values["db"]["tls"]["enabled"] or values["db"]["tls"]["caSecretName"]:
        assert mounted


def test_the_stateful_set_names_its_service(render: Render) -> None:
    manifests = render()
    name = manifests.workload("db")["spec"]["serviceName"]
    assert manifests.one("Service", name)
