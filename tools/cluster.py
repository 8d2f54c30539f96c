"""The kind cluster of this project: made, recognised as ours, reused, deleted.

kind cannot label its containers. A bind mount serves as the label instead: each
node mounts an empty folder at `MARK/<digest of the configuration>`, which
`docker inspect` shows whether or not the cluster got any further. A cluster
without the mark is somebody else's and is never touched; one with another
digest is ours but stale.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools import node_image, ports, registry, toolchain
from tools.cache import digest
from tools.console import say, step
from tools.engine import Engine
from tools.errors import ToolError
from tools.images import Image
from tools.paths import BUILD, cache_root
from tools.poll import until
from tools.proc import run
from tools.versions import module

NAME = "disney-ai-plus"
MARK = "/kind/test-bed"
KUBECONFIG = BUILD / "kubeconfig"
CTR = ("ctr", "--namespace=k8s.io")
NODE_PORTS = {"https": 30443, "http": 30080}
# Another node image than kind's own, where a registry answers: another Kubernetes.
NODE_IMAGE = "KIND_NODE_IMAGE"
WISHED_PORTS = {"https": 8443, "http": 8080}
SETTLE_SECONDS = 30


@dataclass(frozen=True)
class Cluster:
    """A running cluster of ours: how to reach its API and its edge."""

    engine: Engine
    ports: dict[str, int]
    from_source: bool

    def kubectl(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """Run kubectl against this cluster only, whatever the current context is."""
        return run(self.kubectl_command(*arguments), stdin=stdin)

    def kubectl_command(self, *arguments: str | Path) -> list[str | Path]:
        """Return the words of a kubectl call against this cluster."""
        return [toolchain.tool("kubectl"), "--kubeconfig", KUBECONFIG, *arguments]

    def get(self, *arguments: str) -> Any:
        """Return `kubectl get` as parsed JSON."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))


def ensure(engine: Engine) -> Cluster:
    """Return our cluster, made if it is absent, remade if it is stale or half made.

    Raises:
        ToolError: a cluster of this name exists that this project did not make.
    """
    nodes = _nodes(engine)
    from_source = not registry.answers()
    image = node_image.ensure(engine) if from_source else os.environ.get(NODE_IMAGE, "")
    # kind's version decides which node image is its own.
    parts = (configuration(image, WISHED_PORTS, "", from_source), module("kind").version)
    key = digest(*parts, Path(__file__))
    if nodes and not _complete(engine, nodes, key):
        _delete(engine, "stale or half made")
        nodes = []
    if not nodes:
        _create(engine, image, key, from_source)
    _export_kubeconfig(engine)
    return Cluster(engine, _published_ports(engine), from_source)


def delete(engine: Engine) -> bool:
    """Delete our cluster; tell whether there was one."""
    found = bool(_nodes(engine))
    if found:
        _delete(engine, "asked for")
    KUBECONFIG.unlink(missing_ok=True)
    return found


def configuration(
    image: str, host_ports: dict[str, int], key: str, from_source: bool
) -> dict[str, Any]:
    """Return the kind configuration: one control plane that publishes the edge, two workers.

    `image` is empty for the one that kind takes by itself. kube-router replaces kindnet on an
    image built from source, since kindnet is no Go module.
    """
    mark = {"hostPath": str(cache_root() / "mark"), "containerPath": f"{MARK}/{key}"}
    node = {"extraMounts": [mark], **({"image": image} if image else {})}
    mappings = [
        {
            "containerPort": NODE_PORTS[name],
            "hostPort": port,
            "listenAddress": ports.ADDRESS,
            "protocol": "TCP",
        }
        for name, port in host_ports.items()
    ]
    config: dict[str, Any] = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": NAME,
        "nodes": [
            {"role": "control-plane", "extraPortMappings": mappings, **node},
            {"role": "worker", **node},
            {"role": "worker", **node},
        ],
    }
    if from_source:
        config["networking"] = {"disableDefaultCNI": True}
        config["featureGates"] = {"KubeletInUserNamespace": True}
    return config


def kind(engine: Engine, *arguments: str | Path, stdin: str | None = None) -> str:
    """Run kind with our engine."""
    return run([toolchain.tool("kind"), *arguments], stdin=stdin, env=engine.kind_environment)


def _create(engine: Engine, image: str, key: str, from_source: bool) -> None:
    host_ports = {name: ports.free(wished) for name, wished in WISHED_PORTS.items()}
    for name, port in host_ports.items():
        if port != WISHED_PORTS[name]:
            say(f"port {WISHED_PORTS[name]} is taken: {name} uses {port}")
    (cache_root() / "mark").mkdir(parents=True, exist_ok=True)
    KUBECONFIG.parent.mkdir(parents=True, exist_ok=True)
    config = yaml.safe_dump(configuration(image, host_ports, key, from_source))
    with step("creating the kind cluster (1 control plane, 2 workers)"):
        kind(
            engine,
            *("create", "cluster", "--name", NAME, "--config", "-"),
            *("--kubeconfig", KUBECONFIG, "--retain"),
            stdin=config,
        )


def _delete(engine: Engine, why: str) -> None:
    with step(f"deleting the kind cluster ({why})"):
        kind(engine, "delete", "cluster", "--name", NAME, "--kubeconfig", KUBECONFIG)


def _nodes(engine: Engine) -> list[dict[str, Any]]:
    """Return what the engine knows of the nodes of the cluster that has our name.

    Raises:
        ToolError: one of them does not carry our mark.
    """
    (nodes,) = until(
        lambda: _inspected(engine),
        seconds=SETTLE_SECONDS,
        what="the engine to finish what an interrupted run was doing with the nodes",
    )
    if not all(_key(node) for node in nodes):
        raise ToolError(
            f"A kind cluster named {NAME!r} exists that this project did not make, so it stays as "
            f"it is. If you do not need it: kind delete cluster --name {NAME}"
        )
    return nodes


def _inspected(engine: Engine) -> tuple[list[dict[str, Any]]] | None:
    """Return what the engine knows of the nodes, or None while it lists some that it cannot show.

    That is so for a moment after `kind create` was interrupted.
    """
    label = f"label=io.x-k8s.kind.cluster={NAME}"
    ids = engine.run("ps", "--all", "--quiet", "--filter", label).split()
    if not ids:
        return ([],)
    try:
        return (json.loads(engine.run("inspect", *ids)),)
    except ToolError:
        return None


def _key(node: dict[str, Any]) -> str:
    """Return the configuration digest in a node's mark, or an empty string."""
    places = (mount["Destination"] for mount in node["Mounts"])
    return next((p.rsplit("/", 1)[-1] for p in places if p.startswith(f"{MARK}/")), "")


def _complete(engine: Engine, nodes: list[dict[str, Any]], key: str) -> bool:
    """Tell whether every node runs, is of this configuration, and the API answers."""
    running = [node for node in nodes if node["State"]["Running"] and _key(node) == key]
    if len(running) != len(configuration("", {}, key, False)["nodes"]):
        return False
    try:
        _export_kubeconfig(engine)
        found = Cluster(engine, {}, False).get("nodes", "--request-timeout=10s")["items"]
    except ToolError:
        return False
    return len(found) == len(running)


def _export_kubeconfig(engine: Engine) -> None:
    """Write the kubeconfig of our cluster into this checkout."""
    KUBECONFIG.parent.mkdir(parents=True, exist_ok=True)
    kind(engine, "export", "kubeconfig", "--name", NAME, "--kubeconfig", KUBECONFIG)


def _published_ports(engine: Engine) -> dict[str, int]:
    """Return the host ports of the edge, as the engine published them."""
    published = {}
    for name, port in NODE_PORTS.items():
        line = engine.run("port", f"{NAME}-control-plane", f"{port}/tcp").splitlines()[0]
        published[name] = int(line.rsplit(":", 1)[-1])
    return published


def load(cluster: Cluster, images: Iterable[Image]) -> None:
    """Put images into every node's store, leaving out what is there."""
    nodes = [node["Name"].lstrip("/") for node in _nodes(cluster.engine)]
    held = [
        set(cluster.engine.run("exec", node, *CTR, "images", "list", "--quiet").split())
        for node in nodes
    ]
    for image in images:
        name = f"docker.io/{image.reference}"
        if not all(name in names for names in held):
            with step(f"loading {image.reference} ({image.size / 1e6:.0f} MB) into the nodes"):
                kind(cluster.engine, "load", "image-archive", image.archive, "--name", NAME)
