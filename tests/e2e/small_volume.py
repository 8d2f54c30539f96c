"""A volume of a few megabytes, which can be filled and enlarged: kind's own have no limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tools import testbed
from tools.cluster import Cluster

# A fresh database with its log of transactions needs some 60 MB of it.
MEGABYTES = 160


@dataclass(frozen=True)
class SmallVolume:
    """A folder in memory on a node, and the storage class by which its claim is named."""

    cluster: Cluster
    node: str
    name: str

    @property
    def folder(self) -> str:
        """Return where it is on the node."""
        return f"/var/local/{self.name}"

    def on_node(self, *command: str) -> str:
        """Run a command on the node."""
        return self.cluster.engine.run("exec", self.node, *command)

    def fill(self) -> None:
        """Take all space that is left."""
        # It ends with "No space left on device", as it should.
        self.on_node("sh", "-c", f"! dd if=/dev/zero of={self.folder}/ballast bs=64k 2>/dev/null")

    def enlarge(self) -> None:
        """Make it larger while it is in use, as a storage class with allowVolumeExpansion does."""
        now = self.on_node("df", "--block-size=1M", "--output=size", self.folder).split()[-1]
        self.on_node("mount", "-o", f"remount,size={int(now) + MEGABYTES}m", self.folder)


@contextmanager
def made(cluster: Cluster, node: str, namespace: str) -> Iterator[SmallVolume]:
    """Make a volume for the claim `data-db-0` of a namespace, and remove it afterwards."""
    volume = SmallVolume(cluster, node, namespace)
    volume.on_node("mkdir", "-p", volume.folder)
    size = f"size={MEGABYTES}m,mode=0777"
    volume.on_node("mount", "-t", "tmpfs", "-o", size, "tmpfs", volume.folder)
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    testbed.apply(
        cluster,
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume.name},
            "spec": {
                "capacity": {"storage": f"{MEGABYTES}Mi"},
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": volume.name,
                "claimRef": {"namespace": namespace, "name": "data-db-0"},
                "local": {"path": volume.folder},
                "nodeAffinity": {
                    "required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
                },
            },
        },
    )
    try:
        yield volume
    finally:
        cluster.kubectl("delete", "statefulset", "db", "-n", namespace, "--ignore-not-found")
        cluster.kubectl("delete", "pods", "--all", "-n", namespace, "--timeout=120s")
        cluster.kubectl("delete", "pv", volume.name, "--wait=false")
        volume.on_node("umount", volume.folder)
        volume.on_node("rmdir", volume.folder)
