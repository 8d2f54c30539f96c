"""What is seen of a cluster under load: pods by component, replicas, connections, the generator."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.unit.capacity.test_usage import stats
from tests.unit.conftest import script
from tools import toolchain
from tools.capacity import watch as watches
from tools.capacity.watch import Watch, watching
from tools.cluster import Cluster
from tools.engine import Engine
from tools.errors import ToolError

CLUSTER = Cluster(Engine("docker"), {}, True)
NOW = "1970-01-01T00:16:50Z"


def pod(uid: str, namespace: str, component: str = "") -> dict[str, Any]:
    labels = {"app.kubernetes.io/component": component} if component else {}
    return {"metadata": {"uid": uid, "namespace": namespace, "labels": labels}}


def used(uid: str, seconds: float) -> dict[str, Any]:
    place = {"name": uid, "namespace": "-", "uid": uid}
    return {"podRef": place, "startTime": "1970-01-01T00:16:40Z", **stats(seconds, NOW, 10)}


ANSWERS: dict[str, Any] = {
    "api/v1/pods": {
        "items": [
            pod("a", "load", "api"),
            pod("w", "load", "web"),
            pod("o", "other", "api"),
            pod("t", "traefik"),
        ]
    },
    "api/v1/nodes": {"items": [{"metadata": {"name": "worker"}}]},
    "api/v1/nodes/worker/proxy/stats/summary": {
        "node": stats(30, NOW, 100),
        "pods": [used("a", 3), used("w", 4), used("o", 5), used("t", 6), used("gone", 7)],
    },
    "apis/apps/v1/namespaces/load/deployments": {
        "items": [
            {
                "metadata": {"name": "api"},
                "spec": {"replicas": 4},
                "status": {"readyReplicas": 3},
            },
            {"metadata": {"name": "web"}, "spec": {"replicas": 2}, "status": {}},
        ]
    },
}


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    monkeypatch.setattr(Watch, "_get", lambda _, path, *__: ANSWERS[path])
    return Watch(CLUSTER, "load", "http://127.0.0.1:1", pid=os.getpid())


def test_pods_are_told_apart_by_component(watch: Watch) -> None:
    watch.look()
    seen = watch.seen.usage
    assert set(seen.series) == {"api", "web", "edge", "nodes", "generator", "machine"}
    assert [seen.cpu(name, 1000, 1010) for name in ("api", "web", "edge")] == [3, 4, 6]
    assert seen.memory("nodes", 1010) == 100


def test_replicas_are_those_wanted_and_those_ready(watch: Watch) -> None:
    watch.look()
    assert {name: points[-1][1] for name, points in watch.seen.wanted.items()} == {
        "api": 4,
        "web": 2,
    }
    assert {name: points[-1][1] for name, points in watch.seen.ready.items()} == {
        "api": 3,
        "web": 0,
    }


def test_connections_are_read_line_by_line(watch: Watch) -> None:
    watch.read(iter(["\n", "1000.5|7|9|350\n", "Wed Nov 25 (every 5s)\n", "1005.5|8|9|350\n"]))
    assert watch.seen.connections == {
        "api": [(1000.5, 7), (1005.5, 8)],
        "all": [(1000.5, 9), (1005.5, 9)],
    }
    assert watch.seen.most_connections == 350


def test_a_look_without_an_answer_does_not_end_the_watch(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 3:
            watch.over.set()
        raise requests.ConnectionError("refused")

    monkeypatch.setattr(watches, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(watch, "look", look)
    watch.run()
    assert len(looks) == 3


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a shell script be kubectl."""

    def fake(text: str) -> None:
        program = script(tmp_path / "kubectl", text)
        monkeypatch.setattr(toolchain, "tool", lambda _: program)

    return fake


SERVES = """case "$*" in
*proxy*) echo "Starting to serve on 127.0.0.1:18001";;
*psql*) grep -q 'watch 5' && echo "1000.5|7|9|350";;
esac
exec sleep 60"""


def test_programs_that_watch_end_with_the_block(
    watch: Watch, kubectl: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    del watch
    monkeypatch.setattr(watches, "EVERY_SECONDS", 0.01)
    kubectl(SERVES.replace("watch 5", "watch 0"))
    before = threading.active_count()
    with watching(CLUSTER, "load") as found:
        assert found.base == "http://127.0.0.1:18001"
        assert found.seen.most_connections == 350
        assert found.seen.ready
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon:
            thread.join(5)
    assert threading.active_count() <= before


def test_a_proxy_that_does_not_start_is_told(kubectl: Callable[[str], None]) -> None:
    kubectl('echo "error: no configuration has been provided"')
    with (
        pytest.raises(ToolError, match="proxy` does not start: error: no configuration"),
        watching(CLUSTER, "load"),
    ):
        pass
