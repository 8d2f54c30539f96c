"""Publish the chart to an OCI registry so that no version is ever there unsigned, or twice.

The manifest is pushed without a tag; it is signed, attested and verified by pulling it back; the
version's tag comes last. Whatever fails before that leaves bytes that no `helm install` finds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tools.console import say, step
from tools.errors import ToolError
from tools.paths import REPOSITORY
from tools.publish import gates, oras, package, provenance, sbom
from tools.publish.cosign import PROVENANCE, SBOM, Signer, Trust
from tools.publish.oras import Repository
from tools.publish.package import Package
from tools.publish.verification import trusted, verify

# https://artifacthub.io/docs/topics/repositories/helm-charts/#oci-support
HUB_TAG = "artifacthub.io"
HUB_FILE = REPOSITORY / "artifacthub-repo.yml"
HUB_CONFIG = "application/vnd.cncf.artifacthub.config.v1+yaml"
HUB_LAYER = "application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml"


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Publish the chart: check, package, push, sign, attest, verify, and only then tag."""
    del flags
    trust, signer = trusted(arguments), signing(arguments)
    home, tag, digest = oras.parse(arguments.reference, arguments.ca_file)
    if tag or digest:
        raise ToolError("Publish to oci://HOST/PATH: the chart's own name and version follow it.")
    say("checking the tree, the changelog, the version and the tests of this commit")
    gates.check()
    made = package.make()
    if arguments.dry_run:
        rehearse(made, home, trust)
        return
    publish(made, home, signer, trust)


def signing(arguments: argparse.Namespace) -> Signer:
    """Return who signs, from `--sign-with FILE` or `--keyless`.

    Raises:
        ToolError: neither is given, or there is no such key.
    """
    if arguments.keyless:
        return Signer()
    if arguments.sign_with is None:
        raise ToolError("Say who signs: --sign-with PRIVATE-KEY, or --keyless (in GitHub Actions).")
    if not arguments.sign_with.is_file():
        raise ToolError(f"There is no private key {arguments.sign_with}.")
    return Signer(arguments.sign_with)


def publish(
    made: Package, home: Repository, signer: Signer, trust: Trust, hub: Path = HUB_FILE
) -> None:
    """Publish a package below `home`, or verify it if it is there already.

    Raises:
        ToolError: the version is there with other bytes, or a step fails; then no tag was set.
    """
    repository = home.below(made.name)
    if is_published(made, repository):
        say(f"{repository.at(made.version)} is published already, with the same bytes")
        verify(repository, made.version, trust)
        return
    for what, do in _steps(made, repository, signer, trust, hub).items():
        with step(what):
            do()
    say(f"published oci://{repository.at(made.version)}")
    say(f"install it: helm install NAME oci://{repository.at(made.digest)}")


def rehearse(made: Package, home: Repository, trust: Trust) -> None:
    """Say what publishing would do, having asked the registry, and change nothing."""
    repository = home.below(made.name)
    if is_published(made, repository):
        say(f"{repository.at(made.version)} is published already, with the same bytes")
        return
    say(f"would publish {repository.at(made.version)} as {made.digest}:")
    for number, what in enumerate(_steps(made, repository, Signer(), trust, HUB_FILE), 1):
        say(f"  {number}. {what}")


def is_published(made: Package, repository: Repository) -> bool:
    """Tell whether this very package is in the registry.

    Raises:
        ToolError: its version is there with other bytes.
    """
    there = repository.digest(made.version)
    if there not in (None, made.digest):
        raise ToolError(
            f"{repository.at(made.version)} is there already, with other bytes ({there}, not "
            f"{made.digest}). A version never changes: raise it in Chart.yaml."
        )
    return there is not None


def _steps(
    made: Package, repository: Repository, signer: Signer, trust: Trust, hub: Path
) -> dict[str, Callable[[], object]]:
    """Return what is done, in its order, by what is said of it."""
    digest = made.digest
    bill, origin = sbom.document(made), provenance.predicate(made)
    return {
        f"pushing {made.archive.name} without a tag": lambda: repository.push(
            made.layout, made.version, digest
        ),
        "signing its digest": lambda: signer.sign(repository, digest),
        f"attaching the SBOM ({len(bill['packages'])} packages)": lambda: signer.attest(
            repository, digest, SBOM, bill
        ),
        f"attaching the provenance (commit {made.commit[:12]})": lambda: signer.attest(
            repository, digest, PROVENANCE, origin
        ),
        "pulling all of it back and verifying it": lambda: verify(repository, "", trust, digest),
        "pushing artifacthub-repo.yml": lambda: repository.push_file(
            HUB_TAG, hub, config=HUB_CONFIG, kind=HUB_LAYER
        ),
        f"setting the tag {made.version}": lambda: repository.tag(digest, made.version),
    }
