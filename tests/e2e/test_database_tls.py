"""TLS to the internal database (production): required, checked, and renewed without a restart."""

from __future__ import annotations

import pytest
import sh

from tests.smoke.release import Release
from tools import testbed
from tools.poll import until
from tools.testbed import NAMESPACE, TestBed

# The kubelet brings a changed Secret into the pod within a minute or so.
RENEWAL_SECONDS = 180
# PostgreSQL's SSLRequest, then a handshake: prints the serial number of the server's certificate.
SERIAL = """
const socket = require('net').connect(5432, 'db');
socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
socket.once('data', () => {
  const secure = require('tls').connect({ socket, rejectUnauthorized: false }, () => {
    console.log(secure.getPeerX509Certificate().serialNumber);
    secure.destroy();
  });
});
"""

pytestmark = pytest.mark.only("production")


def psql(release: Release, database_url: str, query: str) -> str:
    """Run a query inside the database's pod, over the network."""
    return release.kubectl(
        *("exec", "db-0", "-c", "postgres", "--"),
        *("psql", "--no-psqlrc", "--tuples-only", "--no-align", database_url, "-c", query),
    ).strip()


@pytest.mark.row("B8")
def test_a_connection_without_tls_is_refused(release: Release) -> None:
    """With the right password: it is the transport that is turned away."""
    url = release.secret("api", "DATABASE_URL").split("?")[0].replace("@db:", "@127.0.0.1:")
    assert psql(release, f"{url}?sslmode=require", "SELECT 1") == "1"
    with pytest.raises(sh.ErrorReturnCode) as refused:
        psql(release, f"{url}?sslmode=disable", "SELECT 1")
    assert b"no encryption" in refused.value.stderr


@pytest.mark.row("B8")
def test_every_connection_of_the_api_is_encrypted(release: Release) -> None:
    counts = release.kubectl(
        *("exec", "db-0", "-c", "postgres", "--", "psql", "-U", "postgres", "--tuples-only"),
        *("--no-align", "-c"),
        "SELECT count(*), count(*) FILTER (WHERE ssl AND version = 'TLSv1.3') "
        "FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'disney_app'",
    ).strip()
    all_of_them, encrypted = counts.split("|")
    assert int(all_of_them) > 0
    assert encrypted == all_of_them


@pytest.mark.row("B8")
def test_a_renewed_certificate_is_served_without_a_restart(release: Release, bed: TestBed) -> None:
    def serial() -> str:
        command = ("exec", "deployment/api", "--", "node", "-e", SERIAL)
        return release.kubectl(*command).strip()

    before, pod = serial(), release.pods("db")[0]
    authority = testbed.database_authority(bed.cluster)
    renewed = authority.issue(testbed.database_names(NAMESPACE))
    testbed.secret(bed.cluster, NAMESPACE, testbed.DATABASE_SECRET, testbed.tls_secret(renewed))
    # A kubelet looks at a pod's Secrets every minute or so, and at once when the pod has changed.
    release.kubectl("annotate", "pod/db-0", "--overwrite", f"replaced={before}")
    until(
        lambda: serial() != before,
        seconds=RENEWAL_SECONDS,
        what="the database to serve the renewed certificate",
    )
    after = release.pods("db")[0]
    assert after["metadata"]["uid"] == pod["metadata"]["uid"]
    restarts = {s["name"]: s["restartCount"] for s in after["status"]["containerStatuses"]}
    assert restarts == {s["name"]: s["restartCount"] for s in pod["status"]["containerStatuses"]}
    # Clients that check the name and the authority still come in.
    assert release.kubectl("exec", "deployment/api", "--", "node", "src/migrate.js")
