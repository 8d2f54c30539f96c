"""Samples of k6 are read into requests, failures with their reasons, and percentiles."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import pytest

from tools import load_results
from tools.errors import ToolError
from tools.load_results import Failure, Request, Results

HEADER = (
    "metric_name,timestamp,metric_value,error,expected_response,method,name,scenario,status,"
    "extra_tags,metadata"
)
# As k6 v1.8.1 wrote it: one request in good order, one over a new connection that was refused, an
# answer with the wrong content, two that were never sent; what a script with a timetable adds.
SAMPLES = f"""{HEADER}
vus,1000000000,4.000000,,,,,,,,
http_reqs,1000000000,1.000000,,true,GET,page,kept,200,,
http_req_duration,1000000000,12.500000,,true,GET,page,kept,200,,
http_req_tls_handshaking,1000000000,0.000000,,true,GET,page,kept,200,,
http_req_duration,1002500000,3.000000,dial: connection refused,false,POST,write,fresh,0,,
http_req_tls_handshaking,1002500000,1.200000,dial: connection refused,false,POST,write,fresh,0,,
http_req_duration,1003000000,7.000000,,false,GET,list,kept,502,,
wrong_answers,1003500000,1.000000,"a page, without stories",,,page,,,,
dropped_iterations,1004000000,2.000000,,,,,fresh,,,
lag,1001000000,3.500000,,,,,kept,,,
latency,1003000000,2000.000000,,,,list,kept,,,
"""


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    path = tmp_path / "samples.csv"
    path.write_text(SAMPLES)
    return path


def test_requests_failures_connections_and_drops_are_read(samples: Path) -> None:
    assert load_results.read(samples) == Results(
        requests=[
            Request(1000.0, 12.5, "page", "GET"),
            Request(1002.5, 3.0, "write", "POST"),
            Request(1003.0, 7.0, "list", "GET"),
        ],
        failures=[
            Failure(1002.5, "write", "dial: connection refused"),
            Failure(1003.0, "list", "status 502"),
            Failure(1003.5, "page", "a page, without stories"),
        ],
        connections=[1002.5],
        dropped=[1004.0, 1004.0],
        lags=[(1001.0, 3.5)],
        users=[(1000.0, 4.0)],
    )


def test_latency_is_counted_from_when_a_request_was_due(samples: Path) -> None:
    """It was sent at 1002.993 and took 7 ms, but should have been sent before."""
    results = load_results.read(samples, load_results.DUE)
    assert results.requests == [Request(1001.0, 2000.0, "list", "")]
    assert results.between(1002, 2000).requests == []
    assert len(results.failures) == 3


def test_compressed_samples_say_the_same(samples: Path, tmp_path: Path) -> None:
    compressed = tmp_path / "samples.csv.gz"
    compressed.write_bytes(gzip.compress(SAMPLES.encode()))
    assert load_results.read(compressed) == load_results.read(samples)


def test_a_span_holds_what_happened_in_it(samples: Path) -> None:
    results = load_results.read(samples)
    span = results.between(1002.5, 1003.5)
    assert [request.name for request in span.requests] == ["write", "list"]
    assert [failure.name for failure in span.failures] == ["write", "list"]
    assert (span.connections, span.dropped) == ([1002.5], [])
    assert results.between(0, 1003) + results.between(1003, 2000) == results


def results(*milliseconds: float) -> Results:
    """Return requests that were answered a tenth of a second after one another."""
    requests = [Request(100 + n / 10, value, "page", "GET") for n, value in enumerate(milliseconds)]
    return Results(requests, [], [], [])


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (50, 5), (90, 9), (95, 10), (99, 10), (100, 10)]
)
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert results(*range(10, 0, -1)).percentile(percent) == expected


def test_without_requests_there_is_no_percentile() -> None:
    assert math.isnan(results().percentile(50))
    assert results().over_time(0, 1) == {"p50": [], "p95": [], "p99": []}


def test_percentiles_over_time_are_those_of_each_span() -> None:
    series = results(*([1] * 9), 5, 2, 2).over_time(origin=100, seconds=1, percents=(50, 99))
    assert series == {"p50": [(0, 1), (1, 2)], "p99": [(0, 5), (1, 2)]}


def test_no_samples_are_no_results(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"k6 wrote no samples to .*absent\.csv"):
        load_results.read(tmp_path / "absent.csv")


def test_a_script_that_leaves_columns_out_is_told(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    path.write_text(HEADER.replace(",error", "").replace(",status", "") + "\n")
    with pytest.raises(ToolError, match=r"lacks the columns error, status\. .*systemTags"):
        load_results.read(path)


def test_samples_that_are_cut_off_are_told(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv.gz"
    path.write_bytes(gzip.compress(SAMPLES.encode())[:-20])
    with pytest.raises(ToolError, match="is cut off"):
        load_results.read(path)
