"""NetworkPolicies: what they allow is exactly the table in files/network-edges.yaml."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template.catalogue import CATALOGUE
from tests.template.chart import effective, merge, network_edges, required, values_of
from tests.template.conftest import Render
from tests.template.edges import edges
from tools.lab.manifests import Manifest, Manifests, component_of

Rule = tuple[str, int, str]  # party, port, protocol

TABLE = {
    ("edge", "web", "http"),
    ("edge", "api", "http"),
    ("web", "api", "http"),
    ("api", "db", "postgres"),
    ("api", "pooler", "postgres"),
    ("pooler", "db", "postgres"),
    ("migrate", "db", "postgres"),
    ("backup", "db", "postgres"),
    ("restore", "db", "postgres"),
    ("test", "web", "http"),
    ("test", "api", "http"),
    ("test", "db", "postgres"),
    ("monitoring", "web", "http"),
    ("monitoring", "api", "http"),
    ("monitoring", "db", "metrics"),
    ("web", "dns", 53),
    ("api", "dns", 53),
    ("pooler", "dns", 53),
    ("migrate", "dns", 53),
    ("backup", "dns", 53),
    ("restore", "dns", 53),
    ("test", "dns", 53),
    ("web", "internet", 443),
    ("api", "internet", 443),
}


def party(peer: Manifest, values: dict[str, Any]) -> str:
    """Name the party that a peer of a policy stands for."""
    policy, edge = values["networkPolicy"], values["edge"]
    elsewhere = {
        "edge": (edge["namespaceSelector"], edge["podSelector"]),
        "monitoring": (policy["monitoringNamespaceSelector"], policy["monitoringPodSelector"]),
        "dns": (policy["dnsNamespaceSelector"], policy["dnsPodSelector"]),
    }
    database = values["db"]["external"]
    if "ipBlock" in peer:
        if peer["ipBlock"] in [{"cidr": cidr} for cidr in database["cidrs"]]:
            return "db"
        external = policy["externalHttps"]
        assert peer["ipBlock"] == {"cidr": external["cidr"], "except": external["except"]}
        return "internet"
    pods = peer["podSelector"]["matchLabels"]
    if "namespaceSelector" not in peer:
        assert pods["app.kubernetes.io/instance"] == "disney-ai-plus"
        return str(pods["app.kubernetes.io/component"])
    selectors = (peer["namespaceSelector"]["matchLabels"], pods)
    if any(selectors) and selectors == tuple(database["pods"].values()):
        return "db"
    return next(name for name, expected in elsewhere.items() if expected == selectors)


def allowed(policy: Manifest, direction: str, values: dict[str, Any]) -> set[Rule]:
    """Return what a policy allows in one direction."""
    peers = "from" if direction == "ingress" else "to"
    rules = policy["spec"][direction]
    # A rule without peers or ports would allow everybody or everything.
    assert all(rule[peers] and rule["ports"] for rule in rules)
    return {
        (party(peer, values), port["port"], port["protocol"])
        for rule in rules
        for peer in rule[peers]
        for port in rule["ports"]
    }


def expected(component: str, direction: str, values: dict[str, Any]) -> set[Rule]:
    """Return what the table says that a component may do in one direction."""
    if direction == "ingress":
        return {(e.source, e.port, e.protocol) for e in edges(values) if e.target == component}
    return {(e.target, e.port, e.protocol) for e in edges(values) if e.source == component}


@pytest.mark.row("S9")
def test_the_table_is_the_agreed_one() -> None:
    """Who may reach whom is a promise: changing the table means changing it here, too."""
    assert {(edge["from"], edge["to"], edge["port"]) for edge in network_edges()} == TABLE
    for edge in network_edges():
        assert edge.get("protocols", ["TCP"]) == (
            ["UDP", "TCP"] if edge["to"] == "dns" else ["TCP"]
        )


@pytest.mark.row("S9")
@pytest.mark.parametrize("component", CATALOGUE)
@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_policies_allow_exactly_the_table(
    manifests: Manifests, values_set: str, component: str, direction: str
) -> None:
    values = effective(values_set)
    if not values["networkPolicy"]["enabled"]:
        assert "NetworkPolicy" not in {manifest["kind"] for manifest in manifests}
        return
    if not CATALOGUE[component].present(values):
        return
    policy = manifests.component("NetworkPolicy", component)
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert allowed(policy, direction, values) == expected(component, direction, values)


@pytest.mark.row("S9")
@pytest.mark.parametrize("component", CATALOGUE)
def test_each_policy_selects_its_components_pods(render: Render, component: str) -> None:
    manifests = render(values=merge(values_of("production"), {"pooler": {"enabled": True}}))
    selector = manifests.one("NetworkPolicy", component)["spec"]["podSelector"]["matchLabels"]
    selected = {
        component_of(pod)
        for _, pod in manifests.pods()
        if selector.items() <= pod["metadata"]["labels"].items()
    }
    assert selected == {component}


@pytest.mark.row("S9")
def test_everything_else_is_denied_to_the_releases_own_pods(render: Render) -> None:
    manifests = render()
    deny = manifests.one("NetworkPolicy", "default-deny")["spec"]
    assert deny.keys() == {"podSelector", "policyTypes"}
    assert deny["policyTypes"] == ["Ingress", "Egress"]
    selector = deny["podSelector"]["matchLabels"].items()
    assert selector
    for workload, pod in manifests.pods():
        own = component_of(pod) != "stranger"  # who is to be turned away, in `helm test`
        assert (selector <= pod["metadata"]["labels"].items()) == own, workload
    for workload, pod in render(release="another").pods():
        assert not selector <= pod["metadata"]["labels"].items(), workload


@pytest.mark.row("S9")
def test_the_edge_reaches_the_api_only_where_it_is_routed(render: Render) -> None:
    for name, reaches in (("default", False), ("api-routed", True)):
        policy = render(values=values_of(name)).one("NetworkPolicy", "api")
        parties = {rule[0] for rule in allowed(policy, "ingress", effective(name))}
        assert ("edge" in parties) == reaches, name


@pytest.mark.row("S9")
def test_the_database_calls_nobody(render: Render) -> None:
    assert render().one("NetworkPolicy", "db")["spec"]["egress"] == []


@pytest.mark.row("S9")
def test_private_addresses_and_metadata_services_are_no_internet(render: Render) -> None:
    for component in ("api", "web"):
        egress = render().one("NetworkPolicy", component)["spec"]["egress"]
        blocks = [peer["ipBlock"] for rule in egress for peer in rule["to"] if "ipBlock" in peer]
        assert len(blocks) == 1
        for private in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"):
            assert private in blocks[0]["except"]


@pytest.mark.row("S9")
def test_the_internet_can_be_closed(render: Render) -> None:
    values = {"networkPolicy": {"externalHttps": {"enabled": False}}}
    for policy in render(values=merge(required(), values)).all("NetworkPolicy"):
        for rule in policy["spec"].get("egress", []):
            assert not [peer for peer in rule["to"] if "ipBlock" in peer]


@pytest.mark.row("S9")
def test_name_servers_may_be_addresses(render: Render) -> None:
    values = {"networkPolicy": {"dnsCidrs": ["169.254.20.10/32"]}}
    policy = render(values=merge(required(), values)).one("NetworkPolicy", "web")
    dns = [r for r in policy["spec"]["egress"] if r["ports"][0]["port"] == 53]
    assert len(dns) == 1
    assert {"ipBlock": {"cidr": "169.254.20.10/32"}} in dns[0]["to"]
