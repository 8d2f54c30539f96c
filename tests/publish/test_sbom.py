"""The SBOM lists the chart and all it can run; the provenance says what it was made from."""

from __future__ import annotations

import json

import pytest

from tests.publish.repository import Checkout
from tools.errors import ToolError
from tools.publish import package, provenance, sbom
from tools.publish.package import Package


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("sbom")
    return package.make(Checkout.new(folder / "repository").path, folder / "made")


@pytest.mark.row("B23")
def test_it_lists_the_chart_and_every_image(made: Package) -> None:
    found = sbom.document(made)
    assert found["spdxVersion"] == "SPDX-2.3"
    assert sbom.chart_checksum(found) == made.archive_digest
    assert sbom.images_in(found) == set(sbom.images_of(made.chart).values())
    depended = {it["relatedSpdxElement"] for it in found["relationships"]} - {sbom.CHART}
    assert depended >= {it["SPDXID"] for it in found["packages"]} - {sbom.CHART}


def test_it_is_the_same_for_the_same_package(made: Package) -> None:
    assert json.dumps(sbom.document(made)) == json.dumps(sbom.document(made))


@pytest.mark.parametrize(
    ("image", "purl"),
    [
        (
            "docker.io/library/postgres:17.7",
            "pkg:oci/postgres?repository_url=docker.io/library/postgres&tag=17.7",
        ),
        (
            f"example.org/api:1@sha256:{'a' * 64}",
            f"pkg:oci/api@sha256%3A{'a' * 64}?repository_url=example.org/api&tag=1",
        ),
    ],
)
def test_an_image_is_named_by_digest_where_that_is_known(
    made: Package, image: str, purl: str
) -> None:
    made.chart["annotations"][sbom.IMAGES] = json.dumps([{"name": "x", "image": image}])
    (entry,) = (it for it in sbom.document(made)["packages"] if it["SPDXID"] != sbom.CHART)
    assert [it["referenceLocator"] for it in entry["externalRefs"]] == [purl]
    assert ("checksums" in entry) is ("sha256" in image)


def test_a_document_that_breaks_the_rules_is_refused(made: Package) -> None:
    made.chart["annotations"][sbom.IMAGES] = json.dumps([{"name": "a b", "image": "x:1"}])
    with pytest.raises(ToolError, match="breaks a rule of SPDX"):
        sbom.document(made)


def test_the_provenance_names_commit_and_archive(made: Package) -> None:
    found = provenance.predicate(made, {})
    assert provenance.commit(found) == made.commit
    assert provenance.archive_digest(found) == made.archive_digest
    assert found["runDetails"]["builder"]["id"].endswith("#by-hand")


def test_in_github_actions_the_builder_is_the_workflow(made: Package) -> None:
    environment = {
        "GITHUB_WORKFLOW_REF": "o/r/.github/workflows/release.yml@refs/tags/v1",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ID": "7",
    }
    about = provenance.predicate(made, environment)["runDetails"]
    assert about["builder"]["id"] == (
        "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1"
    )
    assert about["metadata"]["invocationId"].endswith("/actions/runs/7")
