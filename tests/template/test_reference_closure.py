"""Everything that names something else in the release names something that exists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template.chart import effective
from tests.template.conftest import Render
from tests.template.manifests import Manifest, Manifests, component_of


def owned_keys(manifests: Manifests) -> dict[tuple[str, str], set[str]]:
    """Return the keys of every ConfigMap and Secret that the release makes."""
    found: dict[tuple[str, str], set[str]] = {}
    for manifest in manifests:
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        if kind == "ConfigMap":
            found["ConfigMap", name] = set(manifest["data"])
        elif kind == "Secret":
            found["Secret", name] = set(manifest["data"])
        elif kind == "SealedSecret":
            found["Secret", name] = set(manifest["spec"]["encryptedData"])
        elif kind == "ExternalSecret":
            found["Secret", name] = {d["secretKey"] for d in manifest["spec"]["data"]}
    return found


def existing(values: dict[str, Any]) -> set[str]:
    """Return the Secrets that the values declare as the user's own."""
    secrets = values["secrets"]
    return {secrets[component]["existingSecret"] for component in ("api", "web", "db")} - {""}


def selected(manifests: Manifests, labels: dict[str, str]) -> list[Manifest]:
    """Return the pod templates that these labels select."""
    return [
        pod for _, pod in manifests.pods() if labels.items() <= pod["metadata"]["labels"].items()
    ]


def container_ports(pod: Manifest) -> set[str]:
    """Return the names of a pod's ports."""
    return {port["name"] for c in pod["spec"]["containers"] for port in c.get("ports", [])}


def test_every_service_selects_one_components_pods_and_their_ports(manifests: Manifests) -> None:
    for service in manifests.all("Service"):
        pods = selected(manifests, service["spec"]["selector"])
        assert len(pods) == 1, service["metadata"]["name"]
        targets = {port["targetPort"] for port in service["spec"]["ports"]}
        assert targets <= container_ports(pods[0]), service["metadata"]["name"]


def test_every_ingress_path_leads_to_a_service_port(manifests: Manifests, values_set: str) -> None:
    ingresses = [manifest for manifest in manifests if manifest["kind"] == "Ingress"]
    assert bool(ingresses) == effective(values_set)["edge"]["ingress"]["enabled"]
    for ingress in ingresses:
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                service = manifests.one("Service", backend["name"])
                names = {port["name"] for port in service["spec"]["ports"]}
                assert backend["port"]["name"] in names


def test_every_autoscaler_scales_a_deployment(manifests: Manifests, values_set: str) -> None:
    autoscalers = [m for m in manifests if m["kind"] == "HorizontalPodAutoscaler"]
    assert bool(autoscalers) == (values_set != "no-autoscaling")
    for autoscaler in autoscalers:
        target = autoscaler["spec"]["scaleTargetRef"]
        assert target["apiVersion"] == "apps/v1"
        assert manifests.one(target["kind"], target["name"])


def test_every_http_route_leads_to_a_service_port(manifests: Manifests, values_set: str) -> None:
    routes = [manifest for manifest in manifests if manifest["kind"] == "HTTPRoute"]
    assert bool(routes) == effective(values_set)["edge"]["httpRoute"]["enabled"]
    for route in routes:
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                service = manifests.one("Service", backend["name"])
                assert backend["port"] in {port["port"] for port in service["spec"]["ports"]}


@pytest.mark.parametrize(
    ("kind", "field"), [("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")]
)
def test_every_selector_finds_pods(manifests: Manifests, kind: str, field: str) -> None:
    for manifest in manifests:
        if manifest["kind"] == kind:
            labels = manifest["spec"][field]["matchLabels"]
            assert selected(manifests, labels), manifest["metadata"]["name"]


def test_every_monitor_scrapes_a_port_of_a_service(manifests: Manifests, values_set: str) -> None:
    monitors = [manifest for manifest in manifests if manifest["kind"] == "ServiceMonitor"]
    assert bool(monitors) == effective(values_set)["monitoring"]["serviceMonitors"]["enabled"]
    for monitor in monitors:
        labels = monitor["spec"]["selector"]["matchLabels"].items()
        services = [
            s for s in manifests.all("Service") if labels <= s["metadata"]["labels"].items()
        ]
        assert len(services) == 1
        ports = {port["name"] for port in services[0]["spec"]["ports"]}
        assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= ports


def test_every_key_that_a_container_reads_exists(manifests: Manifests, values_set: str) -> None:
    owned, users = owned_keys(manifests), existing(effective(values_set))
    checked = 0
    for container in manifests.containers():
        for entry in container.body.get("env", []):
            source = entry.get("valueFrom", {})
            for kind in ("ConfigMap", "Secret"):
                ref = source.get(f"{kind[0].lower()}{kind[1:]}KeyRef")
                if ref and not (kind == "Secret" and ref["name"] in users):
                    assert ref["key"] in owned[kind, ref["name"]], f"{container} {entry['name']}"
                    checked += 1
    assert checked >= 7


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
        if "notes" not in name:
            unread = {key for key in keys if (kind, name, key) not in read}
            assert unread <= overridden, f"{kind}/{name}"


def keys_in(source: dict[str, Any], manifests: Manifests) -> set[str]:
    """Return the keys that a volume takes from a ConfigMap: some of them, or all."""
    every = set(manifests.one("ConfigMap", source["name"])["data"])
    return {item["key"] for item in source["items"]} if "items" in source else every


def test_every_mount_has_a_volume_and_every_volume_a_mount(manifests: Manifests) -> None:
    for workload, pod in manifests.pods():
        spec = pod["spec"]
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        if component_of(pod) == "db":
            volumes.add("data")  # from the StatefulSet's volumeClaimTemplates
        containers = [*spec["containers"], *spec.get("initContainers", [])]
        mounts = {m["name"] for c in containers for m in c.get("volumeMounts", [])}
        assert mounts == volumes, workload


def test_every_config_map_in_a_volume_exists(manifests: Manifests, values_set: str) -> None:
    owned = owned_keys(manifests)
    checked = set()
    for _, pod in manifests.pods():
        for volume in pod["spec"].get("volumes", []):
            source = volume.get("configMap")
            if source and not source.get("optional"):
                assert keys_in(source, manifests) <= owned["ConfigMap", source["name"]]
                checked.add(component_of(pod))
    values = effective(values_set)
    readers = {"db"} if values["db"]["mode"] == "internal" else set()
    if values["backup"]["enabled"]:
        readers |= {"backup", "restore"}
    assert readers <= checked


def test_every_secret_in_a_volume_is_a_certificate_that_the_values_name(
    manifests: Manifests, values_set: str
) -> None:
    """No pod mounts a credential: those are in the environment, key by key."""
    values = effective(values_set)
    tls, prefix = values["db"]["tls"], values["namePrefix"]
    allowed = {tls["secretName"] or f"{prefix}db-tls", tls["caSecretName"]}
    mounted = {
        volume["secret"]["secretName"]
        for _, pod in manifests.pods()
        for volume in pod["spec"].get("volumes", [])
        if "secret" in volume
    }
    assert mounted <= allowed
    if values["db"]["tls"]["enabled"] or values["db"]["tls"]["caSecretName"]:
        assert mounted


def test_every_claim_in_a_volume_exists(manifests: Manifests) -> None:
    for workload, pod in manifests.pods():
        for volume in pod["spec"].get("volumes", []):
            if claim := volume.get("persistentVolumeClaim"):
                assert manifests.has("PersistentVolumeClaim", claim["claimName"]), workload


def test_every_pod_runs_as_an_account_of_the_release(manifests: Manifests) -> None:
    for _, pod in manifests.pods():
        assert manifests.one("ServiceAccount", pod["spec"]["serviceAccountName"])


def test_the_stateful_set_names_its_headless_service(render: Render) -> None:
    manifests = render()
    name = manifests.workload("db")["spec"]["serviceName"]
    assert manifests.one("Service", name)["spec"]["clusterIP"] == "None"


def test_probes_and_hooks_name_ports_that_exist(manifests: Manifests) -> None:
    for container in manifests.containers():
        ports = {port["name"] for port in container.body.get("ports", [])}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if request := container.body.get(kind, {}).get("httpGet"):
                assert request["port"] in ports, f"{container} {kind}"
