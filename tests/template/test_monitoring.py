"""Metrics and alerts: every component is scraped, and every alert says what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.template.chart import CHART, COMPONENTS, Values, load_yaml, merge, required, values_of
from tests.template.conftest import Render
from tests.template.rules import foreign
from tools.lab.helm import Helm
from tools.lab.manifests import Manifests, named

RULES = sorted((CHART / "files" / "rules").glob("*.yaml"))
ENABLED: Values = {"monitoring": {"serviceMonitors": {"enabled": True}, "rules": {"enabled": True}}}

# What the specification wants alerts for, and the alerts that do it.
TOPICS = {
    "high error rates": {"HighErrorRate"},
    "high latency": {"HighLatency"},
    "pod restarts": {"PodRestarts", "PodNotReady", "ReplicasMissing"},
    "objectives": {
        "AvailabilityBudgetBurnsFast",
        "AvailabilityBudgetBurnsSlowly",
        "LatencyBudgetBurnsFast",
        "LatencyBudgetBurnsSlowly",
    },
    "certificates": {"CertificateExpires"},
    "migrations": {"MigrationFailed"},
    "backups": {"BackupTooOld"},
    "resource utilisation": {
        "MemoryNearLimit",
        "CpuThrottled",
        "AutoscalerAtMaximum",
        "VolumeNearlyFull",
    },
    "database connections": {
        "DatabaseDown",
        "DatabaseConnectionsNearLimit",
        "ConnectionPoolExhausted",
    },
    "monitoring itself": {"TargetDown"},
}


def stem(path: Path) -> str:
    """Name a test after the file that it is about."""
    return path.stem


def enabled(render: Render, values: Values | None = None, namespace: str = "stories") -> Manifests:
    """Render with all monitoring on."""
    return render(values=merge(required(), ENABLED, values or {}), namespace=namespace)


def alerts(manifests: Manifests) -> dict[str, dict[str, Any]]:
    """Return the rendered alerts by name."""
    found = [rule for rule in rules(manifests) if "alert" in rule]
    assert found
    assert len({rule["alert"] for rule in found}) == len(found)
    return {rule["alert"]: rule for rule in found}


def rules(manifests: Manifests) -> list[dict[str, Any]]:
    """Return the rendered rules: alerts, and what is recorded for them."""
    (found,) = manifests.all("PrometheusRule")
    return [rule for group in found["spec"]["groups"] for rule in group["rules"]]


@pytest.mark.row("S8")
@pytest.mark.parametrize(
    ("component", "port", "number"),
    [("api", "http", 3001), ("web", "http", 3000), ("db", "metrics", 9187)],
)
def test_every_component_is_scraped(render: Render, component: str, port: str, number: int) -> None:
    manifests = enabled(render)
    monitor = manifests.one("ServiceMonitor", component)["spec"]
    service = manifests.one("Service", component)
    assert monitor["endpoints"] == [{"port": port, "path": "/metrics", "interval": "30s"}]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert named(service["spec"]["ports"], port)["port"] == number


@pytest.mark.row("S8")
def test_a_monitor_selects_one_service(render: Render) -> None:
    manifests = enabled(render)
    for monitor in manifests.all("ServiceMonitor"):
        labels = monitor["spec"]["selector"]["matchLabels"].items()
        matched = [
            service["metadata"]["name"]
            for service in manifests.all("Service")
            if labels <= service["metadata"]["labels"].items()
        ]
        assert matched == [monitor["metadata"]["name"]]


@pytest.mark.row("B22")
@pytest.mark.parametrize("api_versions", [(), ("monitoring.coreos.com/v1",)])
def test_what_is_enabled_is_rendered_whatever_the_cluster_has(
    render: Render, api_versions: tuple[str, ...]
) -> None:
    manifests = render(values=merge(required(), ENABLED), api_versions=api_versions)
    monitors = {m["metadata"]["name"] for m in manifests.all("ServiceMonitor")}
    assert monitors == set(COMPONENTS)
    assert manifests.has("PrometheusRule", "alerts")


@pytest.mark.row("B22")
def test_monitoring_is_off_by_default(render: Render) -> None:
    assert not {m["kind"] for m in render()} & {"ServiceMonitor", "PrometheusRule"}


@pytest.mark.row("S8", "S14")
def test_production_has_all_of_it(render: Render) -> None:
    manifests = render(values=values_of("production"))
    assert len(manifests.all("ServiceMonitor")) == len(COMPONENTS)
    assert manifests.all("PrometheusRule")


@pytest.mark.row("B22")
def test_labels_and_interval_are_settable(render: Render) -> None:
    manifests = render(values=values_of("monitoring"))
    for manifest in manifests.all("ServiceMonitor", "PrometheusRule"):
        assert manifest["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    for monitor in manifests.all("ServiceMonitor"):
        assert monitor["spec"]["endpoints"][0]["interval"] == "15s"


@pytest.mark.row("S14")
def test_every_topic_of_the_specification_has_its_alerts(render: Render) -> None:
    assert set(alerts(enabled(render))) == set().union(*TOPICS.values())


@pytest.mark.row("S14")
def test_every_alert_says_how_bad_it_is_and_what_to_do(render: Render) -> None:
    pages = {page.stem for page in (CHART / "docs" / "runbooks").glob("*.md")}
    found = alerts(enabled(render))
    for name, rule in found.items():
        assert rule["labels"]["severity"] in {"critical", "warning"}, name
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}, name
        assert all(text.strip() for text in rule["annotations"].values()), name
        assert rule["annotations"]["runbook_url"].endswith(f"/docs/runbooks/{name}.md"), name
    assert pages == found.keys()


@pytest.mark.row("S14")
@pytest.mark.parametrize("page", sorted((CHART / "docs" / "runbooks").glob("*.md")), ids=stem)
def test_a_runbook_is_about_its_alert_and_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem}\n\n")
    assert re.search(r"^1\. ", text, flags=re.MULTILINE), "no step to take"
    for link in re.findall(r"\]\((\w+\.md)\)", text):
        assert (page.parent / link).exists(), link


@pytest.mark.row("S14")
def test_rules_concern_this_release_only(render: Render) -> None:
    values = {"namePrefix": "blue-", "edge": {"tls": {"secretName": "blue-cert"}}}
    for rule in rules(enabled(render, values)):
        assert "{" in rule["expr"], rule
        assert foreign(rule["expr"], "blue-") == [], rule
        assert not re.search("NAMESPACE|PREFIX|EDGETLS", str(rule)), rule


@pytest.mark.row("B8", "S10")
@pytest.mark.parametrize(
    ("values", "name"), [({}, "edge-tls"), ({"edge": {"tls": {"secretName": "own"}}}, "own")]
)
def test_expiry_is_watched_where_the_edge_finds_its_certificate(
    render: Render, values: Values, name: str
) -> None:
    rule = alerts(enabled(render, values))["CertificateExpires"]
    assert f'name=~"(db|pooler)|{name}"' in rule["expr"]


@pytest.mark.row("S14")
@pytest.mark.parametrize("path", RULES, ids=stem)
def test_the_files_are_complete_on_their_own(path: Path) -> None:
    """Prometheus tools read them as they stand: no template, the structure of a rule file."""
    content = load_yaml(path)
    assert content.keys() == {"groups"}
    for group in content["groups"]:
        assert group.keys() == {"name", "rules"}
        for rule in group["rules"]:
            kind = {"record"} if "record" in rule else {"alert", "for", "labels", "annotations"}
            assert rule.keys() <= {"expr"} | kind
            assert ".Values" not in str(rule)


@pytest.mark.row("S14")
def test_latency_is_measured_against_the_target(render: Render) -> None:
    rule = alerts(enabled(render))["HighLatency"]
    assert "histogram_quantile(0.95" in rule["expr"]
    assert rule["expr"].strip().endswith("> 0.2")


@pytest.mark.row("S14")
def test_single_alerts_can_be_changed(render: Render) -> None:
    plain = alerts(enabled(render))
    values = {"HighLatency": {"for": "30m", "labels": {"severity": "critical", "team": "stories"}}}
    changed = alerts(enabled(render, {"monitoring": {"rules": {"overrides": values}}}))
    assert changed["HighLatency"]["for"] == "30m"
    assert changed["HighLatency"]["labels"] == values["HighLatency"]["labels"]
    assert changed["HighLatency"]["expr"] == plain["HighLatency"]["expr"]
    assert changed["HighErrorRate"] == plain["HighErrorRate"]


@pytest.mark.row("S14")
def test_a_change_to_no_alert_is_refused(helm: Helm, render: Render) -> None:
    overrides = {"monitoring": {"rules": {"overrides": {"HighLatencyy": {"for": "1m"}}}}}
    message = helm.refusal(values=merge(required(), overrides))
    known = ", ".join(sorted(alerts(enabled(render))))
    assert f"overrides.HighLatencyy: no such alert; there are {known}\n" in message
