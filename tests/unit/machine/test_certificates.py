"""The edge's certificate, as a TLS client and a strict verifier see it."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from tools.certificates import Certificate, issue

HOSTS = ["a.localhost", "b.localhost"]


@pytest.fixture(scope="module")
def issued() -> Certificate:
    """A certificate for two hosts."""
    return issue(HOSTS)


def parse(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def greet(issued: Certificate, trusted: str, host: str, folder: Path) -> None:
    """Shake hands with a server that has the certificate, as the strictest client does."""
    chain = folder / "chain.pem"
    chain.write_text(issued.certificate + issued.key)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(chain)
    ours = ssl.create_default_context(cadata=trusted)
    ours.verify_flags |= ssl.VERIFY_X509_STRICT
    near, far = socket.socketpair()
    near.settimeout(5)
    far.settimeout(5)

    def serve() -> None:
        try:
            theirs.wrap_socket(far, server_side=True).close()
        except OSError:
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours.wrap_socket(near, server_hostname=host):
            pass
    finally:
        near.close()
        thread.join(timeout=5)


@pytest.mark.parametrize("host", HOSTS)
def test_a_strict_client_accepts_each_host(host: str, issued: Certificate, tmp_path: Path) -> None:
    greet(issued, issued.authority, host, tmp_path)


def test_no_other_host_is_accepted(issued: Certificate, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        greet(issued, issued.authority, "c.localhost", tmp_path)


def test_no_other_authority_vouches_for_it(issued: Certificate, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(issued, issue(HOSTS).authority, HOSTS[0], tmp_path)


def test_the_authority_may_sign_certificates_and_no_authorities(issued: Certificate) -> None:
    extensions = parse(issued.authority).extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, usage.critical) == (True, True)
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    assert usage.value.key_cert_sign


def test_the_certificate_may_serve_and_sign_nothing(issued: Certificate) -> None:
    extensions = parse(issued.certificate).extensions
    extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert not usage.crl_sign


def test_the_key_belongs_to_the_certificate_and_the_authoritys_key_is_gone(
    issued: Certificate,
) -> None:
    def public(key: object) -> bytes:
        assert hasattr(key, "public_bytes")
        found: bytes = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return found

    key = serialization.load_pem_private_key(issued.key.encode(), password=None).public_key()
    assert public(key) == public(parse(issued.certificate).public_key())
    assert public(key) != public(parse(issued.authority).public_key())
    assert "".join(vars(issued).values()).count("PRIVATE KEY-----\n") == 2  # begin and end of one


def test_it_holds_now_and_on_a_machine_whose_clock_is_late(issued: Certificate) -> None:
    now = datetime.datetime.now(datetime.UTC)
    for pem in (issued.authority, issued.certificate):
        found = parse(pem)
        assert found.not_valid_before_utc <= now - datetime.timedelta(minutes=59)
        assert found.not_valid_after_utc >= now + datetime.timedelta(days=300)


def test_no_two_authorities_are_the_same() -> None:
    assert issue(HOSTS).authority != issue(HOSTS).authority
