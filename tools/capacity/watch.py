"""What a release, its cluster, the generator and the machine do while load is on.

The cluster is asked through one `kubectl proxy`, and the database by one `psql` that stays: a
program started for each look would take from the CPU that is measured.
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import requests

from tools.capacity import machine, usage
from tools.capacity.usage import Usage
from tools.cluster import Cluster
from tools.console import say
from tools.errors import ToolError
from tools.poll import until

EVERY_SECONDS = 5.0
ANSWER_SECONDS = 10.0
START_SECONDS = 30.0
COMPONENT = "app.kubernetes.io/component"
# What other namespaces are to the release. All else is the cluster's own business.
NAMESPACES = {"traefik": "edge", "monitoring": "monitoring"}
NODES, GENERATOR, MACHINE = "nodes", "generator", "machine"
# The names and labels of objects, and nothing else of them.
METADATA = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
# A line every few seconds: time, the API's connections, all clients', the most there may be.
CONNECTIONS = """
SELECT extract(epoch FROM now()), count(*) FILTER (WHERE application_name = 'api'), count(*),
  current_setting('max_connections')
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
LINE = re.compile(r"([\d.]+)\|(\d+)\|(\d+)\|(\d+)")

Points = list[tuple[float, float]]


@dataclass
class Seen:
    """What was seen; times are in seconds since 1970."""

    usage: Usage = field(default_factory=Usage)
    # By Deployment.
    wanted: dict[str, Points] = field(default_factory=dict)
    ready: dict[str, Points] = field(default_factory=dict)
    # The API's connections to the database, and all clients'.
    connections: dict[str, Points] = field(default_factory=lambda: {"api": [], "all": []})
    most_connections: int = 0


@dataclass
class Watch:
    """Looks every few seconds, in a thread of its own; `pid` is the generator, if there is one."""

    cluster: Cluster
    namespace: str
    base: str
    seen: Seen = field(default_factory=Seen)
    pid: int | None = None
    over: threading.Event = field(default_factory=threading.Event)
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        """Ask the cluster itself, also on a machine that reaches the outside by a proxy."""
        self.session.trust_env = False

    def run(self) -> None:
        """Look until it is over."""
        while not self.over.wait(EVERY_SECONDS):
            try:
                self.look()
            except requests.RequestException as error:
                say(f"  a look at the cluster failed: {error}")

    def look(self) -> None:
        """Write down what there is now."""
        self._add(MACHINE, "", machine.machine())
        self._add(GENERATOR, "", machine.process(self.pid) if self.pid else None)
        listed = self._get("api/v1/pods", METADATA)["items"]
        components = {pod["metadata"]["uid"]: self._component(pod["metadata"]) for pod in listed}
        for item in self._get("api/v1/nodes", METADATA)["items"]:
            name = item["metadata"]["name"]
            summary = self._get(f"api/v1/nodes/{name}/proxy/stats/summary")
            self._add(NODES, name, usage.node(summary))
            for pod in usage.pods(summary):
                if component := components.get(pod.uid):
                    # It began with nothing, even where nobody looked.
                    self._add(component, pod.uid, usage.Sample(pod.started, 0.0, 0.0))
                    self._add(component, pod.uid, pod.sample)
        now = time.time()
        for item in self._get(f"apis/apps/v1/namespaces/{self.namespace}/deployments")["items"]:
            name = item["metadata"]["name"]
            self.seen.wanted.setdefault(name, []).append((now, item["spec"]["replicas"]))
            ready = item["status"].get("readyReplicas", 0)
            self.seen.ready.setdefault(name, []).append((now, ready))

    def read(self, lines: Iterator[str]) -> None:
        """Write down what the database says of its connections, line by line."""
        for line in lines:
            if match := LINE.match(line):
                now, api, everybody, most = map(float, match.groups())
                self.seen.connections["api"].append((now, api))
                self.seen.connections["all"].append((now, everybody))
                self.seen.most_connections = int(most)

    def _component(self, metadata: dict[str, Any]) -> str | None:
        """Return what a pod is of the release, or to it; None if it has nothing to do with it."""
        if metadata["namespace"] == self.namespace:
            name: str | None = metadata.get("labels", {}).get(COMPONENT)
            return name
        return NAMESPACES.get(metadata["namespace"])

    def _add(self, component: str, name: str, sample: usage.Sample | None) -> None:
        if sample is not None:
            self.seen.usage.add(component, name, sample)

    def _get(self, path: str, headers: dict[str, str] | None = None) -> Any:
        answer = self.session.get(f"{self.base}/{path}", headers=headers, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def watching(cluster: Cluster, namespace: str) -> Iterator[Watch]:
    """Look at a release and its cluster while the block runs.

    Raises:
        ToolError: the cluster cannot be asked.
    """
    with (
        _running(cluster.kubectl_command("proxy", "--port=0")) as proxy,
        _running(_psql(cluster, namespace)) as database,
    ):
        watch = Watch(cluster, namespace, _address(proxy))
        assert database.stdin is not None
        assert database.stdout is not None
        database.stdin.write(f"{CONNECTIONS.strip()} \\watch {EVERY_SECONDS:.0f}\n")
        database.stdin.close()
        for work in (watch.run, lambda: watch.read(iter(database.stdout))):
            threading.Thread(target=work, daemon=True).start()
        what = "the database and the kubelets to say what they do"
        try:
            until(lambda: watch.seen.most_connections and watch.seen.ready, seconds=30, what=what)
            yield watch
        finally:
            watch.over.set()


def _psql(cluster: Cluster, namespace: str) -> list[Any]:
    return cluster.kubectl_command(
        *("exec", "--stdin", "-n", namespace, "db-0", "-c", "postgres", "--"),
        *("psql", "-U", "postgres", "-d", "disney_app", "--no-psqlrc", "--quiet"),
        *("--no-align", "--tuples-only"),
    )


def _address(proxy: subprocess.Popen[str]) -> str:
    """Return where `kubectl proxy` serves the cluster's API."""
    assert proxy.stdout is not None
    line = proxy.stdout.readline()
    if not line.startswith("Starting to serve on "):
        raise ToolError(f"`kubectl proxy` does not start: {line.strip()}")
    return f"http://{line.split()[-1]}"


@contextmanager
def _running(command: list[Any]) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [str(word) for word in command],
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
