"""What a release needs around it is made once and then left as it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.machine.pods import RUNNING, container, pod
from tools import addons, status, testbed
from tools.cluster import Cluster
from tools.engine import Engine
from tools.images import Image
from tools.paths import CHART, REPOSITORY
from tools.testbed import TestBed


class Room(Cluster):
    """A cluster that holds what was applied."""

    held: dict[tuple[str, str], dict[str, Any]]
    calls: list[tuple[str, ...]]

    def kubectl(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """Apply, or return a Secret as the API does, or answer nothing."""
        words = tuple(map(str, arguments))
        self.calls.append((*words, stdin or ""))
        if words[0] == "apply" and stdin:
            for found in yaml.safe_load_all(stdin):
                encoded = {
                    key: base64.b64encode(value.encode()).decode()
                    for key, value in found.get("stringData", {}).items()
                }
                self.held[found["kind"], found["metadata"]["name"]] = {**found, "data": encoded}
        if words[:2] == ("get", "secret"):
            secret = self.held.get(("Secret", words[2]))
            return json.dumps(secret) if secret else ""
        return ""


@pytest.fixture
def room() -> Room:
    """An empty cluster."""
    made = Room(Engine("docker"), {"https": 8443, "http": 8080}, False)
    object.__setattr__(made, "held", {})
    object.__setattr__(made, "calls", [])
    return made


def test_credentials_are_made_once(room: Room) -> None:
    first = testbed.credentials(room)
    assert testbed.credentials(room) == first
    assert set(first) == {"databasePassword", "jwtSecret", "supabaseAnonKey"}
    assert len(set(first.values())) == 3
    assert min(map(len, first.values())) >= 16


def test_no_two_clusters_have_the_same_credentials(room: Room) -> None:
    first = testbed.credentials(room)
    room.held.clear()
    assert not set(first.values()) & set(testbed.credentials(room).values())


def test_credentials_never_show_in_a_process_list(room: Room) -> None:
    secrets = testbed.credentials(room).values()
    for *words, _stdin in room.calls:
        assert not [secret for secret in secrets if secret in " ".join(words)]


def test_the_authority_that_a_browser_trusts_stays(room: Room) -> None:
    testbed.edge_certificate(room)
    first = testbed.AUTHORITY.read_text()
    testbed.AUTHORITY.unlink()
    testbed.edge_certificate(room)
    assert testbed.AUTHORITY.read_text() == first
    assert room.held["Secret", testbed.EDGE_SECRET]["type"] == "kubernetes.io/tls"


def test_smoke_tests_find_the_address_and_the_authority(room: Room) -> None:
    testbed.edge_certificate(room)
    assert room.held["ConfigMap", testbed.FACTS]["metadata"]["namespace"] == testbed.NAMESPACE
    manifest = next(call[-1] for call in room.calls if '"ConfigMap"' in call[-1])
    facts = json.loads(manifest)["data"]
    assert facts == {"address": "127.0.0.1:8443", "ca.crt": testbed.AUTHORITY.read_text()}
    assert "PRIVATE" not in facts["ca.crt"]


def test_pods_that_are_not_restricted_are_refused_by_the_namespace(room: Room) -> None:
    testbed.namespace(room)
    labels = room.held["Namespace", testbed.NAMESPACE]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_values_name_every_built_image_where_the_chart_reads_it(room: Room) -> None:
    names = ("api", "web", "db", "pooler")
    components: dict[str, tuple[str, ...]] = {name: (name,) for name in names}
    components["exporter"] = ("db", "exporter")
    images = [Image(name, f"mine/{name}:1234", Path()) for name in components]
    values = testbed.room(TestBed(room, images))
    chart = yaml.safe_load((CHART / "values.yaml").read_text())
    for name, path in components.items():
        block, known = values, chart
        for part in path:
            block, known = block[part], known[part]
        assert block["image"] == {
            "repository": f"mine/{name}",
            "tag": "1234",
            "pullPolicy": "IfNotPresent",
        }
        assert set(block["image"]) <= set(known["image"])


def test_a_registrys_images_stay_the_charts_own(room: Room) -> None:
    assert "db" not in testbed.room(TestBed(room, [Image("api", "mine/api:1", Path())]))


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room: Room) -> Callable[..., Room]:
    """A function that installs the add-ons."""
    monkeypatch.setattr(addons, "crds", lambda: [tmp_path / "resources.yaml"])

    def run(*, from_source: bool) -> Room:
        object.__setattr__(room, "from_source", from_source)
        addons.install(room)
        return room

    return run


def test_the_pod_network_is_installed_only_where_kinds_own_is_missing(
    install: Callable[..., Room],
) -> None:
    assert ("DaemonSet", "kube-router") not in install(from_source=False).held
    assert ("DaemonSet", "kube-router") in install(from_source=True).held


def test_an_api_is_announced_only_when_its_server_is_ready(install: Callable[..., Room]) -> None:
    calls = install(from_source=False).calls
    ready = next(n for n, call in enumerate(calls) if "deployment/metrics-server" in call)
    (announced,) = (n for n, call in enumerate(calls) if "APIService" in call[-1])
    assert ready < announced


def test_no_wait_for_an_add_on_is_without_end(install: Callable[..., Room]) -> None:
    waits = [call for call in install(from_source=True).calls if call[0] in ("wait", "rollout")]
    assert len(waits) >= 4
    for call in waits:
        assert [word for word in call if word.startswith("--timeout=")], call


def test_the_table_shows_each_container_and_what_to_do_next(
    room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pods = [
        pod(container(RUNNING, ready=True), name="api-1", ready=True),
        pod(container(RUNNING, name="web", restarts=7), name="web-1"),
    ]
    monkeypatch.setattr(Room, "get", lambda *_: {"items": pods})
    monkeypatch.setattr(testbed, "AUTHORITY", REPOSITORY / "build" / "ca.crt")
    monkeypatch.setattr(status, "KUBECONFIG", REPOSITORY / "build" / "kubeconfig")
    status.show(room)
    lines = capsys.readouterr().out.splitlines()
    (api,) = (line for line in lines if "api-1" in line)
    (web,) = (line for line in lines if "web-1" in line)
    assert ("yes" in api, "mine/api:1" in api) == (True, True)
    assert ("no" in web, " 7 " in web) == (True, True)
    text = "\n".join(lines)
    assert "https://disney-ai-plus.localhost:8443/" in text
    assert "curl --cacert build/ca.crt" in text
