"""The edge's certificate: for its host, by an authority that can sign nothing more."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.x509 import verification

from tools import certificates


def test_the_chain_verifies_for_its_host_only() -> None:
    issued = certificates.issue(["a.localhost"])
    authority = x509.load_pem_x509_certificate(issued.authority.encode())
    leaf = x509.load_pem_x509_certificate(issued.certificate.encode())
    builder = verification.PolicyBuilder().store(verification.Store([authority]))
    builder.build_server_verifier(x509.DNSName("a.localhost")).verify(leaf, [])
    try:
        builder.build_server_verifier(x509.DNSName("b.localhost")).verify(leaf, [])
    except verification.VerificationError:
        return
    raise AssertionError("the certificate is accepted for another host")


def test_the_authoritys_key_is_not_kept() -> None:
    issued = certificates.issue(["a.localhost"])
    assert "PRIVATE KEY" not in issued.authority + issued.certificate
    assert issued.key.count("BEGIN PRIVATE KEY") == 1


def test_a_negative_lifetime_has_ended() -> None:
    ended = certificates.Authority.new().issue(["a.localhost"], datetime.timedelta(minutes=-1))
    authority = x509.load_pem_x509_certificate(ended.authority.encode())
    leaf = x509.load_pem_x509_certificate(ended.certificate.encode())
    builder = verification.PolicyBuilder().store(verification.Store([authority]))
    server = builder.build_server_verifier(x509.DNSName("a.localhost"))
    with pytest.raises(verification.VerificationError, match="not valid at validation time"):
        server.verify(leaf, [])
