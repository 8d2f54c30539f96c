"""What a run used of all that there is only so much of, and what twice as many users would."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.capacity.bars import GENERATOR_SHARE
from tools.capacity.figures import Component, Figures
from tools.capacity.watch import GENERATOR
from tools.quantities import MIB, quantity

# The components that scale with their load.
SCALED = ("api", "web")


@dataclass(frozen=True)
class Resource:
    """Something that a run used `now`, would use with twice the users, and how much there is."""

    name: str
    unit: str
    now: float
    doubled: float
    most: float

    @property
    def share(self) -> float:
        """Return the part of it that is used now."""
        return self.now / self.most

    @property
    def share_doubled(self) -> float:
        """Return the part of it that twice as many users would need; above 1 they stop there."""
        return self.doubled / self.most


def resources(figures: Figures, values: Mapping[str, Any]) -> list[Resource]:
    """Return all of them, the one that twice as many users meet first at the top.

    `values` are all values of the release that the run was on. What is used without load stays, the
    rest doubles.
    """
    found = [*_machine(figures), *_release(figures, values), *_connections(figures)]
    return sorted(found, key=lambda resource: resource.share_doubled, reverse=True)


def pods(cores: float, values: Mapping[str, Any]) -> int:
    """Return how many pods the autoscaler wants for so many cores of a component's load."""
    target: float = values["autoscaling"]["cpu"] / 100
    target *= quantity(values["resources"]["requests"]["cpu"])
    return max(int(values["autoscaling"]["minReplicas"]), math.ceil(cores / target))


def _machine(figures: Figures) -> Iterator[Resource]:
    components = figures.components.values()
    now = sum(component.cores for component in components)
    doubled = sum(_doubled_cores(component) for component in components)
    yield Resource("CPU of the machine", "cores", now, doubled, figures.machine_cores)
    now = sum(component.memory for component in components)
    doubled = sum(_doubled_memory(component) for component in components)
    most = figures.machine_memory
    yield Resource("memory of the machine", "MiB", now / MIB, doubled / MIB, most / MIB)
    generator = figures.components[GENERATOR]
    most_cores = GENERATOR_SHARE * figures.machine_cores
    twice = _doubled_cores(generator)
    yield Resource("CPU of the generator", "cores", generator.cores, twice, most_cores)


def _release(figures: Figures, values: Mapping[str, Any]) -> Iterator[Resource]:
    for name in (*SCALED, "db"):
        used, own = figures.components[name], values[name]
        count = figures.pods.get(name, 1)
        limits = own["resources"]["limits"]
        doubled = _doubled_memory(used)
        if name in SCALED and own["autoscaling"]["enabled"] and own["autoscaling"]["cpu"]:
            twice = pods(_doubled_cores(used), own)
            yield Resource(f"{name} pods", "pods", count, twice, own["autoscaling"]["maxReplicas"])
            # Twice as many users have twice as many pods: none of them holds more.
            doubled = used.memory
        else:
            most = count * quantity(limits["cpu"])
            yield Resource(f"CPU of {name}", "cores", used.cores, _doubled_cores(used), most)
        most = count * quantity(limits["memory"])
        yield Resource(f"memory of {name}", "MiB", used.memory / MIB, doubled / MIB, most / MIB)


def _connections(figures: Figures) -> Iterator[Resource]:
    now, most = figures.connections["all"], figures.connections["allowed"]
    doubled = now + figures.connections["api"]
    yield Resource("connections to the database", "", now, doubled, most)
    name = "connections of the generator"
    yield Resource(name, "", figures.users, 2 * figures.users, figures.open_files)


def _doubled_cores(component: Component) -> float:
    return max(component.cores, 2 * component.cores - component.idle_cores)


def _doubled_memory(component: Component) -> float:
    return max(component.memory, 2 * component.memory - component.idle_memory)
