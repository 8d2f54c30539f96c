"""The arithmetic of docs/sizing.md, on a run that can be reckoned by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.capacity.test_limits import VALUES
from tools.capacity import figures, sizing
from tools.capacity.command import production
from tools.capacity.figures import Figures
from tools.capacity.sizing import Need
from tools.errors import ToolError
from tools.quantities import MIB


def test_a_request_costs_what_load_adds(good: Figures) -> None:
    assert sizing.costs(good) == pytest.approx({"edge": 0.8, "web": 0.2, "api": 1.0, "db": 0.3})


def test_ten_times_the_users_need_ten_times_the_cores(good: Figures) -> None:
    needed = sizing.need(good, VALUES, 50_000)
    assert needed.cores == pytest.approx({"edge": 4, "web": 1, "api": 5, "db": 1.5})
    assert needed == Need(
        users=50_000,
        rate=5_000,
        cores=needed.cores,
        pods={"api": 36, "web": 8},
        most_pods={"api": 72, "web": 16},
        max_connections=(72 + 2 * 18) * 10 + 8,
    )


def test_fewer_users_need_the_fewest_pods(good: Figures) -> None:
    needed = sizing.need(good, VALUES, 100)
    assert needed.pods == {"api": 3, "web": 3}
    assert needed.most_pods == {"api": 6, "web": 6}


def test_the_budget_of_connections_is_the_charts() -> None:
    """The figures of docs/scaling.md."""
    assert [sizing.budget(*pair) for pair in ((10, 10), (3, 10), (20, 10))] == [168, 58, 308]


def test_memory_is_asked_for_so_that_the_autoscaler_has_no_reason(good: Figures) -> None:
    # 0.3 GiB in four pods: 76.8 MiB each, 96 with the autoscaler's 80 %.
    assert sizing.memory_request(good, "api") == 128 * MIB


def test_the_tables_are_markdown(good: Figures) -> None:
    text = sizing.markdown(good, production(), users=[5_000])
    assert "5,000 users with 10 s between what they do, 500 requests a second" in text
    assert "| api | 1.00 |" in text
    # 0.35 cores a pod: 500m at 70 %.
    assert "| 5,000 | 500 | 0.1 | 3 (6) | 0.5 | 3 (6) | 0.1 | 0.4 | 108 |" in text
    assert "| api | 77 | 128 | 512 |" in text


def test_figures_are_read_as_they_were_written(good: Figures, tmp_path: Path) -> None:
    good.write(tmp_path / "load.json")
    assert figures.read(tmp_path / "load.json") == good


@pytest.mark.parametrize("text", [None, "", "[]", "{}", json.dumps({"latency": {}})])
def test_a_file_without_figures_is_told(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "load.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ToolError, match=r"load.json holds no figures .*Run `nox -s load` first"):
        figures.read(path)
