"""A registry counts only if it speaks its own protocol; here it is a server on this machine."""

from __future__ import annotations

import functools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools import certificates, registry

HEADER = b"Docker-Distribution-Api-Version: registry/2.0\r\n"
REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n"
Serve = Callable[[socket.socket], None]
connect = socket.create_connection


@contextmanager
def serving(serve: Serve) -> Iterator[tuple[str, int]]:
    """Serve one connection and yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            try:
                connection, _ = server.accept()
                with connection:
                    serve(connection)
            except OSError:
                return  # the client has gone, as some tests want

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()
        # Ends an accept that nobody connected to.
        server.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)


def speak(tmp_path: Path, host: str, *pieces: bytes) -> Serve:
    """Return a server with a certificate for a host, trusted here, that says its pieces."""
    issued = certificates.issue([host])
    chain, trusted = tmp_path / "chain.pem", tmp_path / "trusted.pem"
    chain.write_text(issued.certificate + issued.key)
    trusted.write_text(issued.authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(4096)
            for piece in pieces:
                secure.sendall(piece)

    return serve


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Serve], bool]:
    """Ask a server of our own in the registry's place."""
    monkeypatch.setattr(registry, "SECONDS", 0.5)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))

    def ask(serve: Serve) -> bool:
        with serving(serve) as address:
            here = functools.partial(_connect_to, address)
            monkeypatch.setattr(socket, "create_connection", here)
            return registry.answers()

    return ask


def _connect_to(
    address: tuple[str, int], wanted: tuple[str, int], timeout: float | None = None
) -> socket.socket:
    assert wanted == (registry.HOST, 443)
    return connect(address, timeout=timeout)


def test_the_registrys_header_says_yes_even_on_a_refusal(
    answers: Callable[[Serve], bool], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answers(speak(tmp_path, registry.HOST, REFUSAL + HEADER + b"\r\n"))
    assert capsys.readouterr().out == ""


def test_the_header_may_come_in_a_later_piece(
    answers: Callable[[Serve], bool], tmp_path: Path
) -> None:
    assert answers(speak(tmp_path, registry.HOST, REFUSAL, HEADER + b"\r\n"))


def test_a_page_of_a_proxy_says_no(
    answers: Callable[[Serve], bool], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied"
    assert not answers(speak(tmp_path, registry.HOST, page))
    assert "images are built from source" in capsys.readouterr().out


def test_a_certificate_for_another_host_says_no(
    answers: Callable[[Serve], bool], tmp_path: Path
) -> None:
    assert not answers(speak(tmp_path, "proxy.invalid", REFUSAL + HEADER + b"\r\n"))


def test_a_proxy_that_accepts_and_talks_nonsense_says_no(
    answers: Callable[[Serve], bool],
) -> None:
    assert not answers(lambda connection: connection.sendall(b"blocked by policy\r\n" + HEADER))


def test_a_proxy_that_accepts_and_hangs_up_says_no(answers: Callable[[Serve], bool]) -> None:
    assert not answers(lambda _connection: None)


def test_a_proxy_that_accepts_and_is_silent_says_no_in_time(
    answers: Callable[[Serve], bool],
) -> None:
    def listen(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    begun = time.monotonic()
    assert not answers(listen)
    assert time.monotonic() - begun < 3


def test_it_is_asked_once_a_process(answers: Callable[[Serve], bool], tmp_path: Path) -> None:
    assert answers(speak(tmp_path, registry.HOST, REFUSAL + HEADER + b"\r\n"))
    assert registry.answers()  # the server has gone
