"""From which commit a package was made, with what and by whom: SLSA provenance, version 1."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tools.publish.package import Package
from tools.versions import module


def predicate(package: Package, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the predicate (https://slsa.dev/spec/v1.0/provenance) of a package.

    In GitHub Actions the builder is the workflow; elsewhere it is somebody's machine, and says so.
    """
    source = package.chart["sources"][0]
    workflow = environment.get("GITHUB_WORKFLOW_REF")
    server = environment.get("GITHUB_SERVER_URL")
    builder = f"{server}/{workflow}" if workflow else f"{source}#by-hand"
    run = f"{source}/actions/runs/{environment['GITHUB_RUN_ID']}" if workflow else "by-hand"
    return {
        "buildDefinition": {
            "buildType": f"{source}#nox-package-v1",
            "externalParameters": {"repository": source, "chart": f"charts/{package.name}"},
            "internalParameters": {
                "helm": module("helm").version,
                "sourceDateEpoch": int(package.created.timestamp()),
            },
            "resolvedDependencies": [
                {"uri": f"git+{source}", "digest": {"gitCommit": package.commit}}
            ],
        },
        "runDetails": {
            "builder": {"id": builder},
            "metadata": {"invocationId": run},
            "byproducts": [
                {"name": package.archive.name, "digest": {"sha256": package.archive_digest[7:]}}
            ],
        },
    }


def archive_digest(content: Mapping[str, Any]) -> str:
    """Return the digest of the archive that a predicate is about."""
    (made,) = content["runDetails"]["byproducts"]
    return f"sha256:{made['digest']['sha256']}"


def commit(content: Mapping[str, Any]) -> str:
    """Return the commit that a predicate names."""
    (source,) = content["buildDefinition"]["resolvedDependencies"]
    return str(source["digest"]["gitCommit"])
