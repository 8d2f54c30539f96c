"""The log bundle of a failed test: complete, and without secrets."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tools import bundle
from tools.cluster import Cluster
from tools.engine import Engine
from tools.errors import ToolError

SECRET = "p:/@#%&'\"$ \\word"


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster of one pod whose container has restarted, and of one Secret."""
    data = {"password": base64.b64encode(SECRET.encode()).decode(), "short": "eA=="}
    status = {"name": "api", "restartCount": 1}
    pods = [{"metadata": {"name": "api-1"}, "status": {"containerStatuses": [status]}}]

    def kubectl(_: Cluster, *call: str) -> str:
        match call[:2]:
            case ("get", "secrets"):
                return json.dumps({"items": [{"data": data}, {}]})
            case ("get", "pods"):
                return json.dumps({"items": pods})
            case ("logs", _) if "--previous" not in call:
                raise ToolError(f"the log cannot be had: {SECRET}")
        return f"{' '.join(call)} says {SECRET} and {json.dumps(SECRET)} and x"

    def get(found: Cluster, *call: str) -> Any:
        return json.loads(kubectl(found, "get", *call))

    monkeypatch.setattr(Cluster, "kubectl", kubectl)
    monkeypatch.setattr(Cluster, "get", get)
    return Cluster(Engine("docker"), {}, from_source=True)


def test_every_subject_is_there_and_no_secret(cluster: Cluster, tmp_path: Path) -> None:
    bundle.collect(cluster, "n", tmp_path / "logs")
    found = {path.name: path.read_text() for path in (tmp_path / "logs").iterdir()}
    assert found.keys() == {*bundle.OVERVIEWS, "api-1-api.log", "api-1-api-previous.log"}
    for name, text in found.items():
        assert "word" not in text, name
        assert "[secret]" in text, name
    assert "the log cannot be had" in found["api-1-api.log"]
    assert "--previous" in found["api-1-api-previous.log"]


def test_what_is_too_short_to_be_a_secret_stays(cluster: Cluster, tmp_path: Path) -> None:
    bundle.collect(cluster, "n", tmp_path)
    assert (tmp_path / "events.txt").read_text().endswith(" and x")
