"""The chart as an archive and as an OCI artefact whose bytes depend on the commit and nothing else.

Helm makes the archive (`SOURCE_DATE_EPOCH` is the time of the commit that changed the chart last).
The manifest is put together here, as `helm push` does it, so that its digest is known before
anything is pushed, and what is pushed can stay without a tag until it is signed.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tools import toolchain
from tools.console import say
from tools.errors import ToolError
from tools.paths import BUILD, CHART, REPOSITORY
from tools.proc import run
from tools.publish import git

TARGET = BUILD / "package"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.cncf.helm.config.v1+json"
CHART_TYPE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
# The fields of Chart.yaml that become annotations of the manifest, as Helm does it.
ANNOTATED = {"description": "description", "name": "title", "version": "version", "home": "url"}


@dataclass(frozen=True)
class Package:
    """A packaged chart: its archive, its OCI layout, and what they were made from."""

    chart: dict[str, Any]
    archive: Path
    layout: Path
    digest: str
    archive_digest: str
    commit: str
    created: datetime.datetime

    @property
    def name(self) -> str:
        """Return the chart's name, which is also the last part of its repository."""
        return str(self.chart["name"])

    @property
    def version(self) -> str:
        """Return the chart's version, which is also its tag."""
        return str(self.chart["version"])


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Package the chart as committed: an archive and an OCI layout, the same bytes everywhere."""
    del arguments, flags
    made = make()
    say(f"{made.archive.relative_to(REPOSITORY)}: {made.archive_digest}")
    say(f"{made.layout.relative_to(REPOSITORY)}: {made.name}:{made.version}@{made.digest}")


def make(repository: Path = REPOSITORY, target: Path = TARGET) -> Package:
    """Package the chart of a checkout's HEAD into `target`, which is emptied before.

    Raises:
        ToolError: files of the chart are not committed, or its history is not all there.
    """
    chart = CHART.relative_to(REPOSITORY)
    pending = [line for line in git.changes(repository) if f"{chart}/" in line]
    if pending:
        raise ToolError(
            "The chart has changes that are not committed, and a package is made of a commit:\n"
            + "\n".join(pending)
        )
    commit, seconds = git.last_change(repository, chart)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with TemporaryDirectory(prefix="package-") as scratch:
        source = git.export(repository, str(chart), Path(scratch))
        run(
            [toolchain.tool("helm"), "package", source, "--destination", target],
            env={"SOURCE_DATE_EPOCH": str(seconds), "TZ": "UTC"},
        )
    (archive,) = target.glob("*.tgz")
    metadata = read_metadata(archive)
    created = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    layout = target / "oci"
    digest = write_layout(layout, archive.read_bytes(), metadata, created)
    return Package(metadata, archive, layout, digest, sha256(archive.read_bytes()), commit, created)


def read_metadata(archive: Path) -> dict[str, Any]:
    """Return what Chart.yaml says inside an archive.

    Raises:
        ToolError: this is no archive of a chart.
    """
    try:
        with tarfile.open(archive) as tar:
            (member,) = filter(_is_chart, tar.getnames())
            file = tar.extractfile(member)
            assert file is not None
            found: dict[str, Any] = yaml.safe_load(file.read())
    except (tarfile.TarError, ValueError, EOFError, yaml.YAMLError) as error:
        raise ToolError(f"{archive.name} is no archive of a chart: {error}") from None
    return found


def sha256(content: bytes) -> str:
    """Return a digest as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _is_chart(name: str) -> bool:
    return name.count("/") == 1 and name.endswith("/Chart.yaml")


def write_layout(
    folder: Path, archive: bytes, chart: dict[str, Any], created: datetime.datetime
) -> str:
    """Write an OCI image layout of one manifest, and return the manifest's digest."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(content: bytes, kind: str) -> dict[str, Any]:
        digest = sha256(content)
        (blobs / digest.removeprefix("sha256:")).write_bytes(content)
        return {"mediaType": kind, "digest": digest, "size": len(content)}

    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": blob(_json(chart), CONFIG_TYPE),
        "layers": [blob(archive, CHART_TYPE)],
        "annotations": _annotations(chart, created),
    }
    described = blob(_json(manifest), MANIFEST_TYPE)
    described["annotations"] = {"org.opencontainers.image.ref.name": chart["version"]}
    (folder / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    (folder / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": [described]}))
    return str(described["digest"])


def _annotations(chart: dict[str, Any], created: datetime.datetime) -> dict[str, str]:
    """Return the annotations of the manifest: those of the chart, and its fields."""
    found = {f"org.opencontainers.image.{key}": chart[field] for field, key in ANNOTATED.items()}
    found["org.opencontainers.image.created"] = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    found["org.opencontainers.image.source"] = chart["sources"][0]
    found["org.opencontainers.image.authors"] = ", ".join(
        person["name"] for person in chart["maintainers"]
    )
    return {**chart["annotations"], **found}


def _json(content: object) -> bytes:
    """Return JSON that is the same for the same content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
