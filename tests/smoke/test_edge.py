"""What a user sees: the page, over TLS 1.3, with data that came from the database."""

from __future__ import annotations

import ssl

import pytest

from tests.smoke.release import Edge, Release


@pytest.mark.row("S10")
def test_the_edge_speaks_tls_1_3(edge: Edge) -> None:
    assert edge.handshake(ssl.TLSVersion.TLSv1_3) == "TLSv1.3"


@pytest.mark.row("S10")
def test_the_edge_refuses_tls_1_2(edge: Edge) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        edge.handshake(ssl.TLSVersion.TLSv1_2)


@pytest.mark.row("S1", "S3")
def test_the_page_shows_a_row_of_the_database(edge: Edge, release: Release) -> None:
    title = release.kubectl(
        *("exec", f"{release.prefix}db-0", "-c", "postgres", "--"),
        *("psql", "-U", "disney_app", "-d", "disney_app", "-tAc"),
        "select title from stories order by created_at desc, id desc limit 1",
    ).strip()
    assert title
    page = edge.session().get(edge.url("/"))
    assert page.status_code == 200
    assert title in page.text
