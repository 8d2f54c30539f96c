"""A registry counts only if it speaks its own protocol."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest

from tools import registry


class Answer:
    """A connection that answers every request the same."""

    def __init__(self, text: bytes) -> None:
        """Remember the answer."""
        self.text = text

    def __enter__(self) -> Answer:
        """Do nothing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def settimeout(self, _: float) -> None:
        """Do nothing."""

    def sendall(self, _: bytes) -> None:
        """Do nothing."""

    def recv(self, _: int) -> bytes:
        """Return the answer."""
        return self.text

    def wrap_socket(self, *_: Any, **__: Any) -> Answer:
        """Stand in for the TLS context, too."""
        return self


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"HTTP/1.1 401\r\nDocker-Distribution-Api-Version: registry/2.0\r\n\r\n", True),
        (b"HTTP/1.1 403 Forbidden\r\n\r\nproxy", False),
        (b"", False),
    ],
)
def test_the_registrys_own_header_decides(
    text: bytes, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: Answer(text))
    monkeypatch.setattr(ssl, "create_default_context", lambda: Answer(text))
    assert registry.answers.__wrapped__() is expected


def test_no_route_means_no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert registry.answers.__wrapped__() is False
