"""What a release gets on the test cluster: hard credentials, its own host, its own images."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import certificates, testbed
from tools.cluster import Cluster
from tools.engine import Engine
from tools.errors import ToolError
from tools.images import Image

CLUSTER = Cluster(Engine("docker"), {"https": 18443}, True)


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that holds nothing and takes everything."""
    monkeypatch.setattr(testbed, "AUTHORITY", tmp_path / "build" / "ca.crt")
    monkeypatch.setattr(Cluster, "kubectl", lambda *_, **__: "")


def test_the_database_password_tests_every_escaping() -> None:
    password = testbed.credentials(CLUSTER)["databasePassword"]
    assert set(":/@#%&'\"$ \\") <= set(password)


def test_the_certificate_is_for_the_host_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[str]] = []
    issued = certificates.issue(["x.localhost"])

    def issue(hosts: list[str]) -> certificates.Certificate:
        asked.append(hosts)
        return issued

    monkeypatch.setattr(certificates, "issue", issue)
    values = testbed.room(testbed.TestBed(CLUSTER, []), "room", "room.localhost")
    assert asked == [["room.localhost"]]
    assert values["edge"]["host"] == "room.localhost"
    assert values["edge"]["tls"]["secretName"] == testbed.EDGE_SECRET
    assert not testbed.AUTHORITY.exists()


def test_people_are_told_to_trust_the_authority_of_what_up_makes() -> None:
    testbed.edge_certificate(CLUSTER)
    assert "BEGIN CERTIFICATE" in testbed.AUTHORITY.read_text()


def test_an_image_that_no_values_name_is_refused() -> None:
    with pytest.raises(ToolError, match="'cache'"):
        testbed.values([Image("cache", "disney-ai-plus/cache:0123", Path())], {})
