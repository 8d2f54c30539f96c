"""Which cluster is ours, and that no other is ever touched."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tools import cluster, node_image, ports, registry, toolchain
from tools.engine import Engine
from tools.errors import ToolError


class Recorder(Engine):
    """An engine with made-up nodes."""

    nodes: list[dict[str, Any]]

    def run(self, *arguments: str | Path, timeout: float | None = None) -> str:
        """Answer `ps` and `inspect` from the made-up nodes."""
        del timeout
        if arguments[0] == "ps":
            return "\n".join(node["Id"] for node in self.nodes)
        if arguments[0] == "inspect":
            return json.dumps(self.nodes)
        if arguments[0] == "port":
            return "127.0.0.1:18443"
        raise AssertionError(arguments)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """Every call of kind and kubectl, which all succeed."""
    found: list[list[str]] = []

    def run(command: list[str | Path], **_: object) -> str:
        found.append([Path(command[0]).name, *map(str, command[1:])])
        return json.dumps({"items": [{}, {}, {}]}) if "nodes" in command else ""

    monkeypatch.setattr(cluster, "run", run)
    monkeypatch.setattr(cluster, "KUBECONFIG", tmp_path / "kubeconfig")
    monkeypatch.setattr(toolchain, "tool", Path)
    monkeypatch.setattr(registry, "answers", lambda: False)
    monkeypatch.setattr(node_image, "ensure", lambda _: "disney-ai-plus/node:test")
    return found


def engine(*nodes: dict[str, Any]) -> Recorder:
    """Return an engine that knows these nodes."""
    made = Recorder("docker")
    object.__setattr__(made, "nodes", list(nodes))
    return made


def node(*, mark: str = "", running: bool = True) -> dict[str, Any]:
    """Return what `docker inspect` says of a node."""
    mounts = [{"Destination": "/var"}]
    if mark:
        mounts.append({"Destination": f"{cluster.MARK}/{mark}"})
    return {"Id": "1", "Name": "/node", "Mounts": mounts, "State": {"Running": running}}


@pytest.fixture
def key(calls: list[list[str]]) -> str:
    """The mark that a node of today's configuration carries."""
    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "_create", lambda _, __, key, ___: asked.append(key))
        cluster.ensure(engine())
    calls.clear()
    return asked[0]


def verbs(calls: list[list[str]]) -> list[str]:
    """Return what kind was asked to do."""
    return [call[1] for call in calls if call[0] == "kind"]


@pytest.mark.parametrize("act", [cluster.ensure, cluster.delete])
def test_a_foreign_cluster_of_our_name_is_refused(act: Any, calls: list[list[str]]) -> None:
    with pytest.raises(ToolError, match="this project did not make"):
        act(engine(node(), node(mark="abc")))
    assert calls == []


def test_our_complete_cluster_is_reused(key: str, calls: list[list[str]]) -> None:
    cluster.ensure(engine(*[node(mark=key)] * 3))
    assert set(verbs(calls)) == {"export"}


@pytest.mark.parametrize(
    ("mark", "running"),
    [
        ("stale", [True, True, True]),
        ("", [True, True]),
        ("", [True, True, False]),
        ("", []),
    ],
    ids=["stale", "a node is missing", "a node is stopped", "absent"],
)
def test_our_stale_or_half_made_cluster_is_made_again(
    mark: str, running: list[bool], key: str, calls: list[list[str]]
) -> None:
    cluster.ensure(engine(*(node(mark=mark or key, running=state) for state in running)))
    deleted = ["delete"] if running else []
    assert verbs(calls) == [*deleted, "create", "export"]


def test_there_is_nothing_to_delete_where_there_is_no_cluster(calls: list[list[str]]) -> None:
    assert not cluster.delete(engine())
    assert calls == []


def test_kubectl_never_uses_the_current_context(calls: list[list[str]]) -> None:
    cluster.Cluster(engine(), {}, False).kubectl("get", "pods")
    assert calls[0][1:3] == ["--kubeconfig", str(cluster.KUBECONFIG)]


def test_the_edge_is_published_on_the_loopback_only() -> None:
    nodes = cluster.configuration("", {"https": 8443}, "key", False)["nodes"]
    assert [m["listenAddress"] for n in nodes for m in n.get("extraPortMappings", [])] == [
        "127.0.0.1"
    ]
    assert [n["role"] for n in nodes] == ["control-plane", "worker", "worker"]


def test_only_the_built_node_image_replaces_kinds_network() -> None:
    assert "networking" not in cluster.configuration("", {}, "key", False)
    other = cluster.configuration("other", {}, "key", False)
    assert "networking" not in other
    assert all(n["image"] == "other" for n in other["nodes"])
    built = cluster.configuration("image", {}, "key", True)
    assert built["networking"] == {"disableDefaultCNI": True}
    assert all(n["image"] == "image" for n in built["nodes"])


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind((ports.ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert ports.free(port) > port


class Unsettled(Recorder):
    """An engine that lists its nodes before it can show them, as right after an interrupt."""

    def run(self, *arguments: str | Path, timeout: float | None = None) -> str:
        """Fail the first `inspect`; by the next one, the nodes are gone."""
        if arguments[0] == "inspect":
            self.nodes.clear()
            raise ToolError("No such object")
        return super().run(*arguments, timeout=timeout)


def test_nodes_that_an_interrupted_run_leaves_may_still_vanish(calls: list[list[str]]) -> None:
    made = Unsettled("docker")
    object.__setattr__(made, "nodes", [node(mark="x")])
    assert not cluster.delete(made)
    assert calls == []


def test_an_engine_that_never_settles_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(cluster, "_inspected", lambda _: None)
    with pytest.raises(ToolError, match="the engine to finish what an interrupted run"):
        cluster.delete(engine())
