"""CPU and memory over time, by component, as the kubelets count them.

Every kubelet has a summary of its pods, whatever the cgroups of its node. The figures in it are
some seconds old and say of which moment they are, so what lies between two of them is interpolated.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

# A pod of which nothing was heard for so long is gone.
GONE_SECONDS = 45


class Sample(NamedTuple):
    """What something had used at a time, in seconds since 1970."""

    time: float
    # Seconds since it began.
    cpu: float
    # Bytes at that time, without what the kernel could drop.
    memory: float


class Pod(NamedTuple):
    """A pod in a kubelet's summary."""

    namespace: str
    name: str
    uid: str
    # In seconds since 1970.
    started: float
    sample: Sample


def pods(summary: dict[str, Any]) -> Iterator[Pod]:
    """Yield the pods of a kubelet's summary that have used anything yet."""
    for item in summary["pods"]:
        sample = _sample(item)
        if sample is not None:
            place = item["podRef"]
            started = _seconds(item["startTime"])
            yield Pod(place["namespace"], place["name"], place["uid"], started, sample)


def node(summary: dict[str, Any]) -> Sample:
    """Return what a node used in all: its pods and what runs beside them."""
    sample = _sample(summary["node"])
    assert sample is not None, "a kubelet that answers uses CPU"
    return sample


def _sample(item: dict[str, Any]) -> Sample | None:
    cpu, memory = item.get("cpu", {}), item.get("memory", {})
    if not cpu.get("usageCoreNanoSeconds"):
        return None
    used = cpu["usageCoreNanoSeconds"] / 1e9
    return Sample(_seconds(cpu["time"]), used, memory.get("workingSetBytes", 0))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@dataclass
class Usage:
    """Samples of everything that was looked at: `series[component][id]`, in order of time."""

    series: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)

    def add(self, component: str, name: str, sample: Sample) -> None:
        """Write a sample down, unless it is one that is known already."""
        known = self.series.setdefault(component, {}).setdefault(name, [])
        if not known or sample.time > known[-1].time:
            known.append(sample)

    def covers(self, component: str, begin: float, end: float) -> bool:
        """Tell whether each part of a component was looked at from the one time to the other."""
        series = self.series.get(component, {}).values()
        return bool(series) and all(
            samples[0].time < begin + GONE_SECONDS and samples[-1].time > end - GONE_SECONDS
            for samples in series
        )

    def cpu(self, component: str, begin: float, end: float) -> float:
        """Return the CPU seconds that a component used between two times."""
        series = self.series.get(component, {}).values()
        return sum(_cpu_at(samples, end) - _cpu_at(samples, begin) for samples in series)

    def memory(self, component: str, time: float) -> float:
        """Return the bytes that a component held at a time."""
        return sum(
            samples[place].memory
            for samples in self.series.get(component, {}).values()
            if (place := bisect_right(samples, time, key=_time) - 1) >= 0
            and time - samples[place].time < GONE_SECONDS
        )


def _time(sample: Sample) -> float:
    return sample.time


def _cpu_at(samples: list[Sample], time: float) -> float:
    """Return CPU seconds used up to a time; outside the samples, as at the nearest one."""
    place = bisect_right(samples, time, key=_time)
    if place == 0:
        return samples[0].cpu
    before = samples[place - 1]
    if place == len(samples):
        return before.cpu
    after = samples[place]
    part = (time - before.time) / (after.time - before.time)
    return before.cpu + part * (after.cpu - before.cpu)
