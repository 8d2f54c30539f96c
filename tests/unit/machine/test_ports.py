"""A wished port that is taken, on whichever address, is passed over."""

from __future__ import annotations

import socket

import pytest

from tools import ports
from tools.errors import ToolError


@pytest.fixture
def start() -> int:
    """A port with at least two free ones after it."""
    return next(n for n in range(20000, 30000, 10) if ports.free(n) == n and ports.free(n + 1))


def test_a_free_port_is_taken_as_wished(start: int) -> None:
    assert ports.free(start) == start


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 (that is the case)
def test_a_taken_port_is_passed_over(address: str, start: int) -> None:
    with socket.create_server((address, start)):
        assert start < ports.free(start) < start + ports.TRIES


def test_a_port_that_was_just_left_is_free(start: int) -> None:
    with (
        socket.create_server((ports.ADDRESS, start)) as server,
        socket.create_connection((ports.ADDRESS, start)) as client,
    ):
        accepted, _ = server.accept()
        accepted.close()  # the server's side goes first and waits
        assert client.recv(1) == b""
    assert ports.free(start) == start


def test_where_nothing_is_free_the_range_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "TRIES", 1)
    with (
        socket.create_server((ports.ADDRESS, 0)) as server,
        pytest.raises(ToolError, match=rf"between {server.getsockname()[1]} and .*127\.0\.0\.1"),
    ):
        ports.free(server.getsockname()[1])
