"""Rendered objects, and selections of them that never come out empty unnoticed."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from tools.lab.frozen import FrozenList

Manifest = dict[str, Any]

# What runs until it is told to stop, and everything that makes pods.
WORKLOADS = ("Deployment", "StatefulSet")
RUNNERS = (*WORKLOADS, "Job", "CronJob", "Pod")


class SelectionError(AssertionError):
    """A selection found nothing, too much, or something that should not be there."""


@dataclass(frozen=True)
class Container:
    """A container, with the component and the object that it comes from."""

    component: str
    workload: str
    init: bool
    body: Manifest

    @property
    def name(self) -> str:
        """Return the container's own name."""
        return str(self.body["name"])

    def __str__(self) -> str:
        """Return workload and container, for messages."""
        return f"{self.workload}/{self.name}"


class Manifests(FrozenList[Manifest]):
    """The objects of one render."""

    def names(self) -> list[str]:
        """Return what there is, as Kind/name."""
        return [f"{o['kind']}/{o['metadata']['name']}" for o in self]

    def all(self, *kinds: str) -> list[Manifest]:
        """Return the objects of these kinds; there must be one at least."""
        found = [o for o in self if o["kind"] in kinds]
        if not found:
            raise SelectionError(f"no {' or '.join(kinds)}; there are {self.names()}")
        return found

    def one(self, kind: str, name: str) -> Manifest:
        """Return the one object of this kind and name."""
        found = [o for o in self if (o["kind"], o["metadata"]["name"]) == (kind, name)]
        if len(found) != 1:
            raise SelectionError(f"{len(found)} of {kind}/{name}; there are {self.names()}")
        return found[0]

    def has(self, kind: str, name: str) -> bool:
        """Tell whether there is an object of this kind and name."""
        return f"{kind}/{name}" in self.names()

    def component(self, kind: str, component: str) -> Manifest:
        """Return a component's object, whatever the name prefix."""
        found = [o for o in self.all(kind) if component_of(o) == component]
        if len(found) != 1:
            raise SelectionError(f"{len(found)} {kind} of {component}; there are {self.names()}")
        return found[0]

    def workload(self, component: str) -> Manifest:
        """Return what makes a component's pods."""
        found = [o for o in self.all(*RUNNERS) if component_of(o) == component]
        if len(found) != 1:
            raise SelectionError(f"{len(found)} workloads of {component}; there are {self.names()}")
        return found[0]

    def pod(self, component: str) -> Manifest:
        """Return the pod template of a component."""
        return pod_template(self.workload(component))

    def pods(self, *kinds: str) -> list[tuple[str, Manifest]]:
        """Return every pod template with its workload's name; of some kinds or of all."""
        return [(w["metadata"]["name"], pod_template(w)) for w in self.all(*(kinds or RUNNERS))]

    def containers(self, *kinds: str) -> list[Container]:
        """Return every container, init containers included; of some kinds of pods or of all."""
        return [
            Container(component_of(pod), workload, init, body)
            for workload, pod in self.pods(*kinds)
            for init, key in ((True, "initContainers"), (False, "containers"))
            for body in pod["spec"].get(key, [])
        ]

    def container(self, component: str, name: str) -> Manifest:
        """Return one container of a component's pod."""
        spec = self.pod(component)["spec"]
        return named([*spec["containers"], *spec.get("initContainers", [])], name)


def component_of(manifest: Manifest) -> str:
    """Return the component that an object says it belongs to, or nothing."""
    return str(manifest["metadata"].get("labels", {}).get("app.kubernetes.io/component", ""))


def pod_template(workload: Manifest) -> Manifest:
    """Return the pod that an object makes, or is."""
    if workload["kind"] == "Pod":
        return workload
    spec = workload["spec"]
    template: Manifest = spec.get("jobTemplate", {"spec": spec})["spec"]["template"]
    return template


def named(items: list[Manifest], name: str) -> Manifest:
    """Return the one item of a list with this name."""
    found = [item for item in items if item["name"] == name]
    if len(found) != 1:
        raise SelectionError(f"{len(found)} of {name}; there are {[i['name'] for i in items]}")
    return found[0]


def secret_data(secret: Manifest) -> dict[str, str]:
    """Return the contents of a Secret as its readers see them."""
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
