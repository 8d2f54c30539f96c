"""What the test cluster has beside Kubernetes: pod network, metrics, edge, CRDs."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from string import Template

from tools import cache as cached
from tools import golang
from tools.cluster import Cluster
from tools.console import step
from tools.versions import Module, table, with_crds

MANIFESTS = Path(__file__).with_name("addons")
READY_TIMEOUT = "180s"


def install(cluster: Cluster) -> None:
    """Apply every add-on and wait until its pods are ready.

    Applying again is harmless; what is there already is left as it is.
    """
    with step("installing the cluster's add-ons"):
        cluster.kubectl("apply", "--server-side", *(f"--filename={path}" for path in crds()))
        if cluster.from_source:
            _apply(cluster, "kube-router")
        for name in ("metrics-server", "traefik"):
            _apply(cluster, name)
    with step("waiting for the nodes and the add-ons"):
        cluster.kubectl(
            "wait", "node", "--all", "--for=condition=Ready", f"--timeout={READY_TIMEOUT}"
        )
        for namespace, workload in (
            ("kube-system", "deployment/coredns"),
            ("kube-system", "deployment/metrics-server"),
            ("traefik", "deployment/traefik"),
        ):
            cluster.kubectl(
                "rollout", "status", "-n", namespace, workload, f"--timeout={READY_TIMEOUT}"
            )
        _apply(cluster, "metrics-api")


def crds() -> list[Path]:
    """Return the files that define the resources of other projects which the chart can use."""

    def collect(module: Module, folder: Path) -> None:
        source = golang.source(module)
        for path in module.crds:
            shutil.copy(source / path, folder / Path(path).name)

    found = []
    for module in with_crds():
        key = f"{module.name}-{cached.digest(repr(module))}"
        folder = cached.entry("crds", key, partial(collect, module))
        found += [folder / Path(path).name for path in module.crds]
    return found


def _apply(cluster: Cluster, name: str) -> None:
    """Apply a manifest, with the images that versions.toml names."""
    images = {key.replace("-", "_"): value for key, value in table()["addons"].items()}
    manifest = (MANIFESTS / f"{name}.yaml").read_text()
    cluster.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "-f",
        "-",
        stdin=Template(manifest).substitute(images),
    )
