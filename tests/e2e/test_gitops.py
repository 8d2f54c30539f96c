"""`helm template | kubectl apply`, as GitOps does it, gives what Helm installs."""

from __future__ import annotations

import json

import pytest

from tests.smoke.release import Release
from tools import testbed, toolchain
from tools.errors import ToolError
from tools.paths import CHART, REPOSITORY
from tools.proc import run
from tools.testbed import NAMESPACE, RELEASE, TestBed

pytestmark = pytest.mark.only("staging")


@pytest.mark.row("S16", "B12", "B21")
def test_the_objects_are_those_that_helm_installed(
    release: Release, bed: TestBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whose fields they are is part of some objects' generation, and changes nothing.
    monkeypatch.setenv("KUBECTL_EXTERNAL_DIFF", "diff -u -N -Igeneration")
    version = json.loads(release.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    manifests = run(
        [
            *(toolchain.tool("helm"), "template", RELEASE, CHART, "--namespace", NAMESPACE),
            *("--values", REPOSITORY / "values" / "staging.yaml", "--values", "-"),
            *("--kube-version", version, "--no-hooks"),
        ],
        stdin=json.dumps(testbed.room(bed)),
    )
    assert manifests.count("\nkind: ") > 20
    assert difference(bed, manifests) == ""
    # The negative control.
    assert "periodSeconds: 6" in difference(bed, manifests.replace("dSeconds: 5", "dSeconds: 6"))


def difference(bed: TestBed, manifests: str) -> str:
    """Return what an apply would change on the server, down to single fields."""
    try:
        bed.cluster.kubectl(
            *("diff", "--server-side", "--force-conflicts", "--field-manager=gitops"),
            *("-n", NAMESPACE, "-f", "-"),
            stdin=manifests,
        )
    except ToolError as error:  # diff ends with 1 where there is a difference
        return str(error)
    return ""
