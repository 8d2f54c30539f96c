"""CPU and memory are read from the kubelets' summaries and put together by component."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools.capacity import figures, machine, usage
from tools.capacity.usage import Pod, Sample, Usage
from tools.errors import ToolError


def stats(seconds: float, time: str, memory: int) -> dict[str, Any]:
    return {
        "cpu": {"time": time, "usageNanoCores": 5, "usageCoreNanoSeconds": int(seconds * 1e9)},
        "memory": {"time": time, "usageBytes": 9 * memory, "workingSetBytes": memory},
    }


# As Kubernetes 1.34 answers, cut down to what is read.
SUMMARY: dict[str, Any] = {
    "node": {"nodeName": "worker", **stats(127.5, "1970-01-01T00:16:50Z", 700)},
    "pods": [
        {
            "podRef": {"name": "api-1", "namespace": "load", "uid": "a"},
            "startTime": "1970-01-01T00:16:40Z",
            **stats(12.25, "1970-01-01T00:16:45Z", 33),
        },
        {
            "podRef": {"name": "new", "namespace": "load", "uid": "b"},
            "startTime": "1970-01-01T00:16:40Z",
            "cpu": {"time": "1970-01-01T00:16:45Z"},
            "memory": {},
        },
    ],
}


def test_pods_that_used_something_are_read() -> None:
    sample = Sample(1005.0, 12.25, 33)
    assert list(usage.pods(SUMMARY)) == [Pod("load", "api-1", "a", 1000.0, sample)]
    assert usage.node(SUMMARY) == Sample(1010.0, 127.5, 700)


@pytest.fixture
def seen() -> Usage:
    """Two API pods, one that comes late and one that goes early, on a node, on a machine."""
    found = Usage()
    for time, cpu in ((100, 0.0), (110, 2.0), (120, 6.0)):
        found.add("api", "first", Sample(time, cpu, 50))
    for time, cpu in ((110, 0.0), (130, 4.0)):
        found.add("api", "second", Sample(time, cpu, 70))
    for time in (90, 200):
        found.add("nodes", "worker", Sample(time, time, 1000))
        found.add("generator", "", Sample(time, time / 10, 10))
        found.add("machine", "", Sample(time, time * 1.5, 5000))
    return found


@pytest.mark.parametrize(
    ("begin", "end", "cpu"), [(100, 110, 2), (105, 115, 1 + 2 + 1), (0, 1000, 10), (130, 140, 0)]
)
def test_cpu_is_interpolated_between_samples(
    seen: Usage, begin: float, end: float, cpu: float
) -> None:
    assert seen.cpu("api", begin, end) == pytest.approx(cpu)


@pytest.mark.parametrize(("time", "memory"), [(99, 0), (105, 50), (125, 120), (170, 70), (999, 0)])
def test_memory_is_that_of_pods_that_are_there(seen: Usage, time: float, memory: float) -> None:
    assert seen.memory("api", time) == memory


def test_what_is_left_over_is_the_clusters_and_the_machines(seen: Usage) -> None:
    assert figures.names(seen) == [
        *("api", "rest of the cluster", "generator", "rest of the machine"),
    ]
    cores = {name: figures.cores(seen, name, 100, 120) for name in figures.names(seen)}
    assert cores == pytest.approx(
        {
            "api": 8 / 20,
            "rest of the cluster": 1 - 8 / 20,
            "generator": 0.1,
            "rest of the machine": 0.4,
        }
    )


def test_a_component_is_covered_where_all_of_it_was_seen(seen: Usage) -> None:
    assert seen.covers("nodes", 60, 240)
    assert not seen.covers("nodes", 40, 200)
    assert not seen.covers("nodes", 100, 250)
    seen.add("nodes", "another", Sample(150, 0, 0))
    assert not seen.covers("nodes", 100, 200)
    assert not seen.covers("nobody", 100, 200)


def test_a_sample_that_is_known_is_not_another_one(seen: Usage) -> None:
    for time in (120, 100):
        seen.add("api", "first", Sample(time, 99, 99))
    assert [sample.time for sample in seen.series["api"]["first"]] == [100, 110, 120]


def test_a_process_and_its_machine_are_read_from_proc(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    numbers = " ".join(str(number) for number in range(3, 53))
    (tmp_path / "7" / "stat").write_text(f"7 (a) b) {numbers}\n")
    (tmp_path / "stat").write_text("cpu  100 10 50 9000 900 5 6 7 99 0\ncpu0 1 1 1\n")
    (tmp_path / "meminfo").write_text("MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable: 60 kB\n")
    found = machine.process(7, tmp_path)
    assert found is not None
    # proc(5): utime and stime are fields 14 and 15, rss is field 24.
    assert found.cpu == (14 + 15) / machine.TICKS
    assert found.memory == 24 * machine.PAGE
    assert machine.machine(tmp_path)[1:] == (178 / machine.TICKS, 40 * 1024)
    assert machine.free_memory(tmp_path) == 60 * 1024
    assert machine.process(8, tmp_path) is None


def test_a_machine_without_proc_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="Linux's /proc"):
        machine.machine(tmp_path)
