"""A cluster that this project did not make is never touched; its own is kept or remade."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.machine.kind_machine import KindMachine, node
from tests.unit.machine.programs import Programs
from tools import cluster, node_image, ports, registry, versions
from tools.engine import Engine
from tools.errors import ToolError
from tools.images import Image

DOCKER = Engine("docker")
THREE = [node(f"theirs-{number}", []) for number in range(3)]


@pytest.fixture(autouse=True)
def _images_from_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "answers", lambda: True)


@pytest.fixture
def ours(machine: KindMachine) -> KindMachine:
    """The machine after a run that made the cluster."""
    cluster.ensure(DOCKER)
    machine.has(nodes=machine.nodes_as_asked(), next=machine.nodes_as_asked())
    return machine


def verbs(machine: KindMachine) -> list[str]:
    """Return what kind did to clusters."""
    return [call.argv[0] for call in machine.changes()]


@pytest.mark.parametrize("act", [cluster.ensure, cluster.delete])
@pytest.mark.parametrize("marked", [0, 2], ids=["no mark", "one node without"])
def test_a_foreign_cluster_of_our_name_is_refused_and_nothing_is_called_but_questions(
    marked: int,
    act: Callable[[Engine], Any],
    machine: KindMachine,
    programs: Programs,
    kubeconfig: Path,
) -> None:
    mark = [f"{cluster.MARK}/0123456789abcdef"]
    machine.has(nodes=[node(f"n{n}", mark if n < marked else []) for n in range(3)])
    before = machine.state
    with pytest.raises(ToolError, match="kind delete cluster --name disney-ai-plus"):
        act(DOCKER)
    assert machine.state == before
    assert {str(call).split()[1] for call in programs.calls()} <= {"ps", "inspect"}
    assert not kubeconfig.exists()


def test_a_foreign_cluster_is_refused_before_the_node_image_is_built(
    machine: KindMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an hour of building must not end with a refusal that was known at its beginning."""
    machine.has(nodes=THREE)
    monkeypatch.setattr(registry, "answers", lambda: False)
    built: list[Engine] = []

    def build(engine: Engine) -> str:
        built.append(engine)
        return "image:tag"

    monkeypatch.setattr(node_image, "ensure", build)
    with pytest.raises(ToolError, match="did not make"):
        cluster.ensure(DOCKER)
    assert built == []


def test_a_cluster_is_asked_for_by_its_full_name(machine: KindMachine, programs: Programs) -> None:
    cluster.delete(DOCKER)
    assert "label=io.x-k8s.kind.cluster=disney-ai-plus" in programs.calls("docker")[0].argv
    assert machine.changes() == []


def test_our_cluster_is_kept(ours: KindMachine) -> None:
    found = cluster.ensure(DOCKER)
    assert verbs(ours) == ["create"]
    assert found.ports == {"https": 8443, "http": 8080}


def spoilt(nodes: list[dict[str, Any]], how: str) -> list[dict[str, Any]]:
    """Return nodes as a half-made or stale cluster has them."""
    if how == "a node is missing":
        return nodes[:2]
    if how == "a node is stopped":
        return [*nodes[:2], {**nodes[2], "State": {"Running": False}}]
    return [node(f"n{n}", [f"{cluster.MARK}/0123456789abcdef"]) for n in range(3)]


@pytest.mark.parametrize("how", ["a node is missing", "a node is stopped", "another configuration"])
def test_a_half_made_or_stale_cluster_of_ours_is_deleted_and_remade(
    how: str, ours: KindMachine
) -> None:
    ours.has(nodes=spoilt(ours.state["nodes"], how))
    cluster.ensure(DOCKER)
    assert verbs(ours) == ["create", "delete", "create"]


def test_a_cluster_of_ours_whose_api_does_not_answer_is_remade(ours: KindMachine) -> None:
    ours.has(api=False)
    cluster.ensure(DOCKER)
    assert verbs(ours) == ["create", "delete", "create"]


def test_another_version_of_kind_makes_the_cluster_stale(
    ours: KindMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kind's version decides the Kubernetes version where its own node image is used."""
    monkeypatch.setitem(versions.table()["tools"]["kind"], "version", "v0.99.0")
    cluster.ensure(DOCKER)
    assert verbs(ours) == ["create", "delete", "create"]


def test_delete_deletes_ours_and_tells(ours: KindMachine, kubeconfig: Path) -> None:
    assert cluster.delete(DOCKER) is True
    assert verbs(ours) == ["create", "delete"]
    assert not kubeconfig.exists()
    assert cluster.delete(DOCKER) is False


def test_kind_and_kubectl_never_use_the_users_own_kubeconfig(
    ours: KindMachine, programs: Programs, kubeconfig: Path
) -> None:
    cluster.ensure(DOCKER).kubectl("get", "pods")
    cluster.delete(DOCKER)
    assert verbs(ours) == ["create", "delete"]
    calls = [*programs.calls("kind"), *programs.calls("kubectl")]
    assert len(calls) >= 5
    for call in calls:
        given = call.argv[call.argv.index("--kubeconfig") + 1]
        assert given == str(kubeconfig), str(call)


def test_kind_uses_the_engine_that_answers(ours: KindMachine, programs: Programs) -> None:
    assert ours.changes()[0].env["KIND_EXPERIMENTAL_PROVIDER"] == "docker"
    assert programs.calls("podman") == []


def test_every_node_carries_the_mark_from_its_first_moment(ours: KindMachine) -> None:
    marks = [
        [mount["containerPath"] for mount in asked["extraMounts"]] for asked in ours.asked["nodes"]
    ]
    assert len(marks) == 3
    assert len({tuple(mark) for mark in marks}) == 1
    assert marks[0][0].startswith(f"{cluster.MARK}/")
    assert "--retain" in ours.changes()[0].argv


def test_from_a_registry_kinds_own_image_and_network_are_used(ours: KindMachine) -> None:
    assert "networking" not in ours.asked
    assert "featureGates" not in ours.asked
    assert not [asked for asked in ours.asked["nodes"] if "image" in asked]


def test_from_source_every_node_has_the_built_image_and_no_network_of_kinds(
    machine: KindMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "answers", lambda: False)
    monkeypatch.setattr(node_image, "ensure", lambda _: "disney-ai-plus/node:built")
    assert cluster.ensure(DOCKER).from_source
    assert [asked["image"] for asked in machine.asked["nodes"]] == ["disney-ai-plus/node:built"] * 3
    assert machine.asked["networking"] == {"disableDefaultCNI": True}


@pytest.mark.usefixtures("ours")
def test_another_node_image_makes_the_cluster_stale(
    machine: KindMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "answers", lambda: False)
    monkeypatch.setattr(node_image, "ensure", lambda _: "disney-ai-plus/node:built")
    cluster.ensure(DOCKER)
    assert verbs(machine) == ["create", "delete", "create"]


def test_the_edge_listens_on_the_loopback_and_steps_aside_for_a_taken_port(
    machine: KindMachine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wished = taken.getsockname()[1]
        monkeypatch.setattr(cluster, "WISHED_PORTS", {"https": wished, "http": ports.free(20000)})
        cluster.ensure(DOCKER)
    mappings = {
        mapping["containerPort"]: mapping
        for mapping in machine.asked["nodes"][0]["extraPortMappings"]
    }
    assert set(mappings) == set(cluster.NODE_PORTS.values())
    assert {mapping["listenAddress"] for mapping in mappings.values()} == {"127.0.0.1"}
    assert mappings[cluster.NODE_PORTS["https"]]["hostPort"] > wished
    assert f"port {wished} is taken: https uses" in capsys.readouterr().out


def test_a_port_that_was_taken_when_the_cluster_was_made_does_not_make_it_stale(
    machine: KindMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "free", lambda wished: wished + 1)
    cluster.ensure(DOCKER)
    machine.has(nodes=machine.nodes_as_asked())
    monkeypatch.setattr(ports, "free", lambda wished: wished)
    cluster.ensure(DOCKER)
    assert verbs(machine) == ["create"]


def test_only_images_that_a_node_lacks_are_loaded(
    ours: KindMachine, programs: Programs, tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(b"x")
    images = [Image("api", "mine/api:1", archive), Image("web", "mine/web:1", archive)]
    ours.has(held=["docker.io/mine/api:1"])
    cluster.load(cluster.Cluster(DOCKER, {}, False), images)
    loads = [call for call in programs.calls("kind") if call.argv[0] == "load"]
    assert [call.argv[2] for call in loads] == [str(archive)]
