"""A run in good order, for tests to spoil."""

from __future__ import annotations

import pytest

from tools.capacity.figures import Component, Figures, Latency

GIB = 2**30


@pytest.fixture
def good() -> Figures:
    """5,000 users who see a fast release: 500 requests a second for 300 s."""
    half = Latency(75_000, 10, 40, 90)
    return Figures(
        users=5000,
        think=10,
        seconds=300,
        latency={
            "all": Latency(150_000, 10, 40, 90),
            "web": half,
            "API": half,
            "write": Latency(12_500, 15, 50, 95),
        },
        errors={},
        lag_p99=5,
        handshakes=5001,
        components={
            "edge": Component(0.01, 0.41, 0.1 * GIB, 0.3 * GIB),
            "web": Component(0.02, 0.12, 0.3 * GIB, 0.3 * GIB),
            "api": Component(0.03, 0.53, 0.2 * GIB, 0.3 * GIB),
            "db": Component(0.01, 0.16, 0.1 * GIB, 0.2 * GIB),
            "rest of the cluster": Component(0.2, 0.25, GIB, GIB),
            "generator": Component(0, 0.3, 0, 2 * GIB),
            "rest of the machine": Component(0.01, 0.02, GIB, GIB),
        },
        pods={"api": 4, "web": 3},
        connections={"api": 12, "all": 15, "allowed": 350},
        machine_cores=2,
        machine_memory=24 * GIB,
        open_files=19_900,
    )
