"""What a user runs before an install: is this what was released, all of it, and by whom?

Each step has its own message, since each failure means something else; nothing after a failed step
is looked at. What is checked, from the outside in: the digest that the tag stands for, its
signature, the bytes of manifest, config and archive, that they are the chart and version asked for,
and what the two signed statements (SBOM, provenance) say about them.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tools.console import say
from tools.errors import ToolError
from tools.paths import CHART
from tools.publish import oras, package, provenance, sbom
from tools.publish.cosign import PROVENANCE, SBOM, Trust
from tools.publish.oras import Repository

PREDICATE = "dev.sigstore.bundle.predicateType"
TYPES = {SBOM: "https://spdx.dev/Document", PROVENANCE: "https://slsa.dev/provenance/v1"}


@dataclass(frozen=True)
class Verified:
    """A release that is what it claims to be."""

    repository: Repository
    version: str
    digest: str
    commit: str
    images: tuple[str, ...]


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Check a release in a registry: signature, content, SBOM and provenance."""
    del flags
    trust = trusted(arguments)
    repository, tag, digest = oras.parse(arguments.reference, arguments.ca_file)
    found = verify(repository, tag, trust, digest)
    say(f"{found.repository.name} {found.version} is signed by {trust}")
    say(f"made from commit {found.commit}; it runs {', '.join(found.images)}")
    say(f"install it: helm install NAME oci://{found.repository.at(found.digest)}")


def trusted(arguments: argparse.Namespace) -> Trust:
    """Return whose signatures count: a key's, an identity's, or else this project's workflow's.

    Raises:
        ToolError: both are given, or there is no such key.
    """
    if arguments.key is not None:
        if arguments.identity:
            raise ToolError("Trust a key or an identity: --key and --identity exclude each other.")
        if not arguments.key.is_file():
            raise ToolError(f"There is no public key {arguments.key}.")
        return Trust(key=arguments.key)
    return Trust(identity=arguments.identity or _own_workflow(), issuer=arguments.issuer)


def _own_workflow() -> str:
    """Return the identity under which Sigstore knows the workflow that releases this chart."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    source = re.escape(chart["sources"][0])
    return rf"^{source}/\.github/workflows/release\.yml@refs/tags/v[0-9.]+$"


def verify(repository: Repository, version: str, trust: Trust, digest: str = "") -> Verified:
    """Check a release, by its version, its digest, or both, and return what is known of it.

    Raises:
        ToolError: the first thing that is wrong.
    """
    found = _resolve(repository, version, digest)
    with TemporaryDirectory(prefix="verify-") as scratch:
        manifest = _manifest(repository, found)
        _signed(repository, found, trust)
        chart, archive_digest = _content(repository, manifest, Path(scratch))
    version = _named(repository, chart, version)
    bill = _stated(repository, found, trust, SBOM, "SBOM")
    _bill(bill, chart, archive_digest)
    origin = _stated(repository, found, trust, PROVENANCE, "provenance")
    if provenance.archive_digest(origin) != archive_digest:
        raise ToolError(
            f"The provenance is signed, but for another archive: it names "
            f"{provenance.archive_digest(origin)}, and the chart is {archive_digest}."
        )
    images = tuple(sorted(sbom.images_in(bill)))
    return Verified(repository, version, found, provenance.commit(origin), images)


def _resolve(repository: Repository, version: str, digest: str) -> str:
    """Return the digest to look at; a version's must be the one expected, if one is."""
    if not version:
        if not digest:
            raise ToolError("Name a version (:1.2.3) or a digest (@sha256:...) to verify.")
        return digest
    found = repository.digest(version)
    if found is None:
        raise ToolError(f"{repository.name} has no version {version}.")
    if digest and found != digest:
        raise ToolError(
            f"{repository.at(version)} stands for {found} now, not for {digest}: it was moved."
        )
    return found


def _manifest(repository: Repository, digest: str) -> dict[str, Any]:
    """Return the manifest, once its bytes are what its digest says."""
    try:
        content = repository.manifest(digest)
    except ToolError as error:
        raise ToolError(_foreign("manifest", digest, _last(error))) from None
    if package.sha256(content) != digest:
        raise ToolError(_foreign("manifest", digest, f"its bytes are {package.sha256(content)}"))
    manifest: dict[str, Any] = json.loads(content)
    kinds = [manifest["config"]["mediaType"], *(part["mediaType"] for part in manifest["layers"])]
    if kinds != [package.CONFIG_TYPE, package.CHART_TYPE]:
        raise ToolError(f"{digest} is no chart, or more than one: it holds {', '.join(kinds)}.")
    return manifest


def _signed(repository: Repository, digest: str, trust: Trust) -> None:
    """Check the signature; tell the absence of any from one that does not count."""
    try:
        trust.verify(repository, digest)
    except ToolError as error:
        if not repository.referrers(digest):
            raise ToolError(
                f"Nobody signed {repository.at(digest)}: it was not released by this project."
            ) from None
        raise ToolError(
            f"{repository.at(digest)} is not signed by {trust}. cosign says:\n{_last(error)}"
        ) from None


def _content(
    repository: Repository, manifest: dict[str, Any], scratch: Path
) -> tuple[dict[str, Any], str]:
    """Return what Chart.yaml says and the archive's digest, once all bytes are the manifest's."""
    archive = manifest["layers"][0]["digest"]
    _fetched(repository, archive, scratch / "chart.tgz", "archive")
    config = json.loads(
        _fetched(repository, manifest["config"]["digest"], scratch / "config.json", "config")
    )
    chart = package.read_metadata(scratch / "chart.tgz")
    if chart != config:
        keys = sorted(chart.keys() | config.keys())
        differing = [key for key in keys if chart.get(key) != config.get(key)]
        raise ToolError(
            "The registry describes another chart than the archive holds: they differ in "
            f"{', '.join(differing)}."
        )
    return chart, archive


def _fetched(repository: Repository, digest: str, target: Path, what: str) -> bytes:
    """Return the bytes of a blob, once they are what its digest says."""
    try:
        content = repository.blob(digest, target)
    except ToolError as error:
        raise ToolError(_foreign(what, digest, _last(error))) from None
    if package.sha256(content) != digest:
        raise ToolError(_foreign(what, digest, f"its bytes are {package.sha256(content)}"))
    return content


def _foreign(what: str, digest: str, why: str) -> str:
    return f"The registry hands out another {what} than {digest} ({why}). Do not use this registry."


def _named(repository: Repository, chart: dict[str, Any], version: str) -> str:
    """Return the chart's version, once it is the one asked for, of the chart asked for."""
    name = repository.name.rsplit("/", 1)[-1]
    if chart["name"] != name:
        raise ToolError(f"The chart in {repository.name} is {chart['name']}, not {name}.")
    if version and chart["version"] != version:
        raise ToolError(
            f"{repository.at(version)} holds version {chart['version']}, signed as it is: the tag "
            f"was moved to another release."
        )
    return str(chart["version"])


def _stated(
    repository: Repository, digest: str, trust: Trust, kind: str, what: str
) -> dict[str, Any]:
    """Return a signed statement; tell the absence of any from one that does not count."""
    try:
        return trust.attested(repository, digest, kind)
    except ToolError as error:
        if not any(_of_kind(each, kind) for each in repository.referrers(digest)):
            raise ToolError(f"{repository.at(digest)} has no {what}.") from None
        raise ToolError(
            f"The {what} of {repository.at(digest)} is not signed by {trust}. cosign says:\n"
            f"{_last(error)}"
        ) from None


def _of_kind(referrer: dict[str, Any], kind: str) -> bool:
    return bool(referrer.get("annotations", {}).get(PREDICATE) == TYPES[kind])


def _bill(bill: dict[str, Any], chart: dict[str, Any], archive_digest: str) -> None:
    """Check that the SBOM is this chart's, and lists the images that the chart says it runs."""
    if sbom.chart_checksum(bill) != archive_digest:
        raise ToolError(
            f"The SBOM is signed, but for another archive: it names {sbom.chart_checksum(bill)}, "
            f"and the chart is {archive_digest}."
        )
    listed, runs = sbom.images_in(bill), set(sbom.images_of(chart).values())
    if listed != runs:
        raise ToolError(
            f"The SBOM lists other images than the chart runs: {', '.join(sorted(listed ^ runs))}."
        )


def _last(error: Exception) -> str:
    """Return the line that says what is wrong."""
    lines = str(error).strip().splitlines()
    return next((line for line in lines if line.startswith("Error")), lines[-1])
