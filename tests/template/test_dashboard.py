"""The dashboard shows this release, with queries that Prometheus takes."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.template.chart import CHART, Values, merge, required, values_of
from tests.template.conftest import Render
from tests.template.rules import Groups, check, foreign

FILE = CHART / "files" / "dashboards" / "overview.json"
ON: Values = {"monitoring": {"dashboard": {"enabled": True}}}


def dashboard(render: Render, values: Values | None = None) -> dict[str, Any]:
    """Return the rendered dashboard of a release in the namespace `stories`."""
    manifests = render(values=merge(required(), ON, values or {}), namespace="stories")
    prefix = (values or {}).get("namePrefix", "")
    data = manifests.one("ConfigMap", f"{prefix}dashboard")["data"]
    found: dict[str, Any] = json.loads(data[f"stories-{prefix}disney-ai-plus.json"])
    return found


def queries(found: dict[str, Any]) -> dict[str, str]:
    """Return the queries by panel and letter."""
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in found["panels"]
        for target in panel["targets"]
    }


@pytest.mark.row("B15")
def test_it_is_off_by_default_and_on_in_production(render: Render) -> None:
    assert not render().has("ConfigMap", "dashboard")
    assert render(values=values_of("production")).has("ConfigMap", "dashboard")


@pytest.mark.row("B15")
def test_labels_and_annotations_are_settable(render: Render) -> None:
    metadata = render(values=merge(required(), ON)).one("ConfigMap", "dashboard")["metadata"]
    assert metadata["labels"]["grafana_dashboard"] == "1"
    assert "annotations" not in metadata
    metadata = render(values=values_of("monitoring")).one("ConfigMap", "dashboard")["metadata"]
    assert metadata["labels"]["dashboards"] == "team-stories"
    assert metadata["annotations"] == {"grafana_folder": "Stories"}


@pytest.mark.row("B15")
def test_it_looks_at_this_release_only(render: Render) -> None:
    found = dashboard(render, {"namePrefix": "blue-"})
    assert len(queries(found)) > len(found["panels"])
    for name, query in queries(found).items():
        assert "{" in query, name
        assert foreign(query, "blue-") == [], name
    assert not re.search("NAMESPACE|PREFIX|IDENTITY", json.dumps(found))


@pytest.mark.row("B15")
def test_its_identity_is_its_own_and_short_enough(render: Render) -> None:
    one, other = dashboard(render), dashboard(render, {"namePrefix": "blue-"})
    assert one["uid"] != other["uid"]
    assert one["title"] != other["title"]
    assert len(one["uid"]) <= 40  # Grafana takes no more


@pytest.mark.row("B15")
def test_prometheus_takes_its_queries(render: Render, tmp_path: Path) -> None:
    groups: Groups = [
        {"name": str(number), "rules": [{"record": f"query_{number}", "expr": query}]}
        for number, query in enumerate(queries(dashboard(render)).values())
    ]
    assert check(groups, tmp_path) == ""
    groups[0]["rules"][0]["expr"] += ")"
    assert "unexpected right parenthesis" in check(groups, tmp_path)


@pytest.mark.row("B15")
def test_panels_do_not_overlap_and_say_what_they_show() -> None:
    panels = json.loads(FILE.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["description"].endswith("."), panel["title"]
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)
