"""What the chart can run, as an SPDX 2.3 document: itself, and all images, by digest if known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import StringIO
from typing import Any
from urllib.parse import quote

import yaml
from spdx_tools.spdx.model import (
    Actor,
    ActorType,
    Checksum,
    ChecksumAlgorithm,
    CreationInfo,
    Document,
    ExternalPackageRef,
    ExternalPackageRefCategory,
    Package,
    PackagePurpose,
    Relationship,
    RelationshipType,
    SpdxNoAssertion,
)
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from spdx_tools.spdx.writer.json import json_writer

from tools.errors import ToolError
from tools.publish import package as packaged

VERSION = "SPDX-2.3"
CHART = "SPDXRef-Chart"
IMAGES = "artifacthub.io/images"


def document(package: packaged.Package) -> dict[str, Any]:
    """Return the document of a package, as JSON; the same for the same package.

    Raises:
        ToolError: it breaks a rule of SPDX.
    """
    vendor = Actor(ActorType.ORGANIZATION, package.chart["maintainers"][0]["name"])
    info = CreationInfo(
        spdx_version=VERSION,
        spdx_id="SPDXRef-DOCUMENT",
        name=f"{package.name}-{package.version}",
        document_namespace=f"{package.chart['home']}/spdx/{package.archive_digest[7:]}",
        creators=[vendor, Actor(ActorType.TOOL, "disney-ai-plus-tools")],
        created=package.created.replace(tzinfo=None),
    )
    images = [_image(name, reference) for name, reference in images_of(package.chart).items()]
    relations = [Relationship("SPDXRef-DOCUMENT", RelationshipType.DESCRIBES, CHART)]
    relations += [Relationship(CHART, RelationshipType.DEPENDS_ON, each.spdx_id) for each in images]
    whole = Document(info, packages=[_chart(package, vendor), *images], relationships=relations)
    if problems := validate_full_spdx_document(whole):
        raise ToolError(f"The SBOM breaks a rule of SPDX: {problems[0].validation_message}")
    text = StringIO()
    json_writer.write_document_to_stream(whole, text, validate=False)
    found: dict[str, Any] = json.loads(text.getvalue())
    return found


def images_of(chart: Mapping[str, Any]) -> dict[str, str]:
    """Return the images that a chart says it runs: reference by component."""
    listed = yaml.safe_load(chart["annotations"][IMAGES])
    return {entry["name"]: entry["image"] for entry in listed}


def images_in(content: Mapping[str, Any]) -> set[str]:
    """Return the references of the images that a document lists."""
    return {
        entry["comment"]
        for entry in content["packages"]
        if entry.get("primaryPackagePurpose") == "CONTAINER"
    }


def chart_checksum(content: Mapping[str, Any]) -> str:
    """Return the digest of the chart's archive that a document is about."""
    (chart,) = (entry for entry in content["packages"] if entry["SPDXID"] == CHART)
    return f"sha256:{chart['checksums'][0]['checksumValue']}"


def _chart(package: packaged.Package, vendor: Actor) -> Package:
    return Package(
        spdx_id=CHART,
        name=package.name,
        version=package.version,
        supplier=vendor,
        download_location=f"git+{package.chart['sources'][0]}@{package.commit}",
        files_analyzed=False,
        checksums=[Checksum(ChecksumAlgorithm.SHA256, package.archive_digest[7:])],
        external_references=[_purl(f"pkg:helm/{package.name}@{package.version}")],
        primary_package_purpose=PackagePurpose.INSTALL,
    )


def _image(name: str, reference: str) -> Package:
    repository, _, digest = reference.partition("@")
    repository, _, tag = repository.partition(":")
    # https://github.com/package-url/purl-spec, type oci
    version = f"@{quote(digest, safe='')}" if digest else ""
    known = f"repository_url={repository}" + (f"&tag={tag}" if tag else "")
    return Package(
        spdx_id=f"SPDXRef-Image-{name}",
        name=repository,
        version=digest or tag,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        comment=reference,
        checksums=[Checksum(ChecksumAlgorithm.SHA256, digest[7:])] if digest else [],
        external_references=[_purl(f"pkg:oci/{repository.rsplit('/', 1)[-1]}{version}?{known}")],
        primary_package_purpose=PackagePurpose.CONTAINER,
    )


def _purl(locator: str) -> ExternalPackageRef:
    return ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", locator)
