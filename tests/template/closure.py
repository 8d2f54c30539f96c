"""Everything that names something else in the release names something that exists.

Each check takes the objects and the effective values, and fails on the first reference that leads
nowhere. The tests run them for every set of values, the lab for thousands of others.
"""

from __future__ import annotations

from typing import Any

from tests.template.chart import Values
from tools.lab.manifests import Manifest, Manifests, component_of


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


def existing(values: Values) -> set[str]:
    """Return the Secrets that the values declare as the user's own."""
    secrets = values["secrets"]
    return {
        secrets[component]["existingSecret"] or f"{values['namePrefix']}{component}"
        for component in ("api", "web", "db")
        if (secrets[component]["mode"] or secrets["mode"]) == "existing"
    }


def selected(manifests: Manifests, labels: dict[str, str]) -> list[Manifest]:
    """Return the pod templates that these labels select."""
    return [
        pod for _, pod in manifests.pods() if labels.items() <= pod["metadata"]["labels"].items()
    ]


def container_ports(pod: Manifest) -> set[str]:
    """Return the names of a pod's ports."""
    return {port["name"] for c in pod["spec"]["containers"] for port in c.get("ports", [])}


def services_select_one_components_pods_and_their_ports(
    manifests: Manifests, values: Values
) -> None:
    """Check Services."""
    del values
    for service in manifests.all("Service"):
        pods = selected(manifests, service["spec"]["selector"])
        assert len(pods) == 1, service["metadata"]["name"]
        targets = {port["targetPort"] for port in service["spec"]["ports"]}
        assert targets <= container_ports(pods[0]), service["metadata"]["name"]


def ingress_paths_lead_to_service_ports(manifests: Manifests, values: Values) -> None:
    """Check Ingresses."""
    ingresses = [manifest for manifest in manifests if manifest["kind"] == "Ingress"]
    assert bool(ingresses) == values["edge"]["ingress"]["enabled"]
    for ingress in ingresses:
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                service = manifests.one("Service", backend["name"])
                names = {port["name"] for port in service["spec"]["ports"]}
                assert backend["port"]["name"] in names


def http_routes_lead_to_service_ports(manifests: Manifests, values: Values) -> None:
    """Check HTTPRoutes."""
    routes = [manifest for manifest in manifests if manifest["kind"] == "HTTPRoute"]
    assert bool(routes) == values["edge"]["httpRoute"]["enabled"]
    for route in routes:
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                service = manifests.one("Service", backend["name"])
                assert backend["port"] in {port["port"] for port in service["spec"]["ports"]}


def autoscalers_scale_deployments(manifests: Manifests, values: Values) -> None:
    """Check HorizontalPodAutoscalers."""
    autoscalers = [m for m in manifests if m["kind"] == "HorizontalPodAutoscaler"]
    wanted = [name for name in ("api", "web") if values[name]["autoscaling"]["enabled"]]
    assert len(autoscalers) == len(wanted)
    for autoscaler in autoscalers:
        target = autoscaler["spec"]["scaleTargetRef"]
        assert target["apiVersion"] == "apps/v1"
        assert manifests.one(target["kind"], target["name"])


def selectors_find_pods(manifests: Manifests, values: Values) -> None:
    """Check PodDisruptionBudgets and NetworkPolicies."""
    fields = {"PodDisruptionBudget": "selector", "NetworkPolicy": "podSelector"}
    found = [manifest for manifest in manifests if manifest["kind"] in fields]
    assert bool(found) or not values["networkPolicy"]["enabled"]
    for manifest in found:
        labels = manifest["spec"][fields[manifest["kind"]]]["matchLabels"]
        assert selected(manifests, labels), manifest["metadata"]["name"]


def monitors_scrape_ports_of_services(manifests: Manifests, values: Values) -> None:
    """Check ServiceMonitors."""
    monitors = [manifest for manifest in manifests if manifest["kind"] == "ServiceMonitor"]
    assert bool(monitors) == values["monitoring"]["serviceMonitors"]["enabled"]
    for monitor in monitors:
        labels = monitor["spec"]["selector"]["matchLabels"].items()
        services = [
            s for s in manifests.all("Service") if labels <= s["metadata"]["labels"].items()
        ]
        assert len(services) == 1
        ports = {port["name"] for port in services[0]["spec"]["ports"]}
        assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= ports


def keys_that_containers_read_exist(manifests: Manifests, values: Values) -> None:
    """Check the environment of every container."""
    owned, users = owned_keys(manifests), existing(values)
    of_extra = {
        name
        for component in ("api", "web", "db", "migrations")
        for name in values[component]["extraEnv"]
    }
    checked = 0
    for container in manifests.containers():
        for entry in container.body.get("env", []):
            source = entry.get("valueFrom", {})
            for kind in ("ConfigMap", "Secret"):
                ref = source.get(f"{kind[0].lower()}{kind[1:]}KeyRef")
                declared = kind == "Secret" and ref and ref["name"] in users
                if ref and not declared and entry["name"] not in of_extra:
                    assert ref["key"] in owned[kind, ref["name"]], f"{container} {entry['name']}"
                    checked += 1
    assert checked >= 6


def mounts_have_volumes(manifests: Manifests, values: Values) -> None:
    """Check that every mount has a volume, and every volume of the chart's own a mount."""
    of_extra = {
        name for component in ("api", "web", "db") for name in values[component]["extraVolumes"]
    }
    for workload, pod in manifests.pods():
        spec = pod["spec"]
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        if component_of(pod) == "db":
            volumes.add("data")  # from the StatefulSet's volumeClaimTemplates
        containers = [*spec["containers"], *spec.get("initContainers", [])]
        mounts = {m["name"] for c in containers for m in c.get("volumeMounts", [])}
        assert mounts <= volumes, workload
        assert volumes - mounts <= of_extra, workload


def config_maps_in_volumes_exist(manifests: Manifests, values: Values) -> None:
    """Check the ConfigMaps that are mounted."""
    owned = owned_keys(manifests)
    checked = set()
    for _, pod in manifests.pods():
        for volume in pod["spec"].get("volumes", []):
            source = volume.get("configMap")
            if source and not source.get("optional"):
                assert keys_in(source, manifests) <= owned["ConfigMap", source["name"]]
                checked.add(component_of(pod))
    readers = {"db"} if values["db"]["mode"] == "internal" else set()
    if values["backup"]["enabled"]:
        readers |= {"backup", "restore"}
    assert readers <= checked


def claims_in_volumes_exist(manifests: Manifests, values: Values) -> None:
    """Check the PersistentVolumeClaims that are mounted."""
    del values
    for workload, pod in manifests.pods():
        for volume in pod["spec"].get("volumes", []):
            if claim := volume.get("persistentVolumeClaim"):
                assert manifests.has("PersistentVolumeClaim", claim["claimName"]), workload


def pods_run_as_accounts_of_the_release(manifests: Manifests, values: Values) -> None:
    """Check the service accounts."""
    del values
    for _, pod in manifests.pods():
        assert manifests.one("ServiceAccount", pod["spec"]["serviceAccountName"])


def probes_name_ports_that_exist(manifests: Manifests, values: Values) -> None:
    """Check the probes."""
    del values
    for container in manifests.containers():
        ports = {port["name"] for port in container.body.get("ports", [])}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if request := container.body.get(kind, {}).get("httpGet"):
                assert request["port"] in ports, f"{container} {kind}"


def keys_in(source: dict[str, Any], manifests: Manifests) -> set[str]:
    """Return the keys that a volume takes from a ConfigMap: some of them, or all."""
    every = set(manifests.one("ConfigMap", source["name"])["data"])
    return {item["key"] for item in source["items"]} if "items" in source else every


CHECKS = (
    autoscalers_scale_deployments,
    claims_in_volumes_exist,
    config_maps_in_volumes_exist,
    http_routes_lead_to_service_ports,
    ingress_paths_lead_to_service_ports,
    keys_that_containers_read_exist,
    monitors_scrape_ports_of_services,
    mounts_have_volumes,
    pods_run_as_accounts_of_the_release,
    probes_name_ports_that_exist,
    selectors_find_pods,
    services_select_one_components_pods_and_their_ports,
)
