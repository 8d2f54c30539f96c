"""What is in the registry is not what was released: each way of it is told by its own message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.shop import NEW, OLD, PASSWORD, Shop, released
from tools.errors import ToolError
from tools.publish import package, provenance, sbom
from tools.publish.cosign import PROVENANCE, SBOM, Signer, key_pair
from tools.publish.oras import Repository
from tools.publish.package import Package
from tools.publish.verification import verify
from tools.report import parts


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    """Somebody who has a key, and whom nobody trusts."""
    return Signer(key_pair(tmp_path_factory.mktemp("stranger"), PASSWORD)[0])


@pytest.fixture(scope="module")
def edited(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The chart with another default, packaged as the same version."""
    assert shop.new.version == NEW
    return released(tmp_path_factory.mktemp("edited"), NEW)


@pytest.fixture(scope="module", autouse=True)
def found(shop: Shop) -> Iterator[dict[str, str]]:
    """What was told of each kind, for the report."""
    told: dict[str, str] = {}
    yield told
    host = shop.registry.host
    rows = [[kind, text.replace(host, "HOST")] for kind, text in told.items()]
    note = "Each was done to a real registry; beside it what `nox -s verify` says."
    parts.save("tampering", parts.Table("Tampering", note, ["what was done", "told"], rows))


def place(shop: Shop, name: str, made: Package) -> Repository:
    """Push a package as the new version, to a repository of its own, with nothing attached."""
    repository = shop.registry.repository(f"tampered/{name}").below(made.name)
    repository.push(made.layout, made.version, made.digest)
    repository.tag(made.digest, NEW)
    return repository


def attach(
    repository: Repository,
    made: Package,
    signer: Signer,
    *,
    signed: bool = True,
    bill: dict[str, Any] | None = None,
    origin: dict[str, Any] | None = None,
) -> None:
    """Sign a package, and attach an SBOM and a provenance where they are given."""
    if signed:
        signer.sign(repository, made.digest)
    if bill is not None:
        signer.attest(repository, made.digest, SBOM, bill)
    if origin is not None:
        signer.attest(repository, made.digest, PROVENANCE, origin)


@contextmanager
def stored(shop: Shop, digest: str) -> Iterator[None]:
    """Change a byte of what the registry keeps under a digest, for as long as the context lasts."""
    file = shop.registry.stored(digest)
    content = file.read_bytes()
    file.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    try:
        yield
    finally:
        file.write_bytes(content)


def refused(shop: Shop, repository: Repository, version: str = NEW, digest: str = "") -> str:
    """Return what `verify` says against what is there."""
    with pytest.raises(ToolError) as told:
        verify(repository, version, shop.trust, digest)
    return str(told.value)


def manifest(made: Package) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (made.layout / "blobs/sha256" / made.digest.removeprefix("sha256:")).read_bytes()
    )
    return content


def test_what_was_not_tampered_with_is_verified(shop: Shop) -> None:
    """The control of all that follows."""
    assert verify(shop.repository, NEW, shop.trust, shop.new.digest).commit == shop.new.commit
    assert verify(shop.repository, "", shop.trust, shop.new.digest).version == NEW
    assert verify(shop.repository, OLD, shop.trust).digest == shop.old.digest


@pytest.mark.row("B23")
@pytest.mark.parametrize("what", ["archive", "config", "manifest"])
def test_other_bytes_in_the_registry(what: str, shop: Shop, found: dict[str, str]) -> None:
    layers = manifest(shop.new)
    digests = {
        "archive": layers["layers"][0]["digest"],
        "config": layers["config"]["digest"],
        "manifest": shop.new.digest,
    }
    with stored(shop, digests[what]):
        told = refused(shop, shop.repository, "", shop.new.digest)
    found[f"a byte of the {what} changed"] = told
    assert told.startswith(f"The registry hands out another {what} than {digests[what]}")


@pytest.mark.row("B23")
def test_a_config_that_describes_another_chart(
    shop: Shop, tmp_path: Path, found: dict[str, str]
) -> None:
    """Even with a signature: registries and scanners show the config, users install the archive."""
    chart = {**shop.new.chart, "description": "Something else"}
    content = shop.new.archive.read_bytes()
    digest = package.write_layout(tmp_path / "oci", content, chart, shop.new.created)
    made = replace(shop.new, layout=tmp_path / "oci", digest=digest)
    repository = place(shop, "config", made)
    attach(repository, made, shop.signer)
    told = refused(shop, repository)
    found["the config describes another chart, signed"] = told
    assert told.endswith("they differ in description.")


@pytest.mark.row("B23")
def test_edited_values(shop: Shop, edited: Package, found: dict[str, str]) -> None:
    told = refused(shop, place(shop, "edited", edited))
    found["values edited, packaged and pushed again"] = told
    assert told.startswith("Nobody signed ")


@pytest.mark.row("B23")
def test_a_foreign_signature(
    shop: Shop, edited: Package, stranger: Signer, found: dict[str, str]
) -> None:
    repository = place(shop, "foreign", edited)
    attach(repository, edited, stranger, bill=sbom.document(edited))
    told = refused(shop, repository)
    found["... and signed by somebody else"] = told
    assert "is not signed by the key" in told
    assert "could not verify envelope" in told


@pytest.mark.row("B23")
def test_a_tag_that_was_moved_to_another_release(shop: Shop, found: dict[str, str]) -> None:
    repository = place(shop, "moved", shop.old)
    attach(repository, shop.old, shop.signer, bill=sbom.document(shop.old))
    told = refused(shop, repository)
    found["the tag moved to another signed release"] = told
    assert f"holds version {OLD}, signed as it is: the tag was moved" in told


@pytest.mark.row("B23")
def test_a_tag_that_does_not_stand_for_the_digest_one_knows(
    shop: Shop, found: dict[str, str]
) -> None:
    told = refused(shop, shop.repository, NEW, shop.old.digest)
    found["the tag stands for another digest than the one noted down"] = told
    assert told.endswith(f"not for {shop.old.digest}: it was moved.")
    assert "no version 9.9.9" in refused(shop, shop.repository, "9.9.9")


@pytest.mark.row("B23")
def test_statements_without_a_signature(shop: Shop, found: dict[str, str]) -> None:
    told = incomplete(shop, "unsigned", signed=False)
    found["the signature left out, the statements kept"] = told
    assert "are signed, the chart itself is not" in told


@pytest.mark.row("B23")
@pytest.mark.parametrize("what", ["SBOM", "provenance"])
def test_a_missing_statement(what: str, shop: Shop, found: dict[str, str]) -> None:
    kept = {"bill": None} if what == "SBOM" else {"origin": None}
    told = incomplete(shop, f"without-{what.lower()}", **kept)
    found[f"the {what} left out"] = told
    assert told.endswith(f" has no {what}.")


@pytest.mark.row("B23")
def test_a_statement_of_somebody_else(shop: Shop, stranger: Signer, found: dict[str, str]) -> None:
    repository = place(shop, "foreign-statement", shop.new)
    attach(repository, shop.new, shop.signer, origin=provenance.predicate(shop.new))
    attach(repository, shop.new, stranger, signed=False, bill=sbom.document(shop.new))
    told = refused(shop, repository)
    found["the SBOM replaced by somebody else's"] = told
    assert told.startswith(f"The SBOM of {repository.at(shop.new.digest)} is not signed by")


@pytest.mark.row("B23")
@pytest.mark.parametrize("what", ["SBOM", "provenance"])
def test_a_statement_about_another_archive(what: str, shop: Shop, found: dict[str, str]) -> None:
    own = (
        {"bill": sbom.document(shop.old)}
        if what == "SBOM"
        else {"origin": provenance.predicate(shop.old)}
    )
    told = incomplete(shop, f"other-{what.lower()}", **own)
    found[f"the {what} taken from another release"] = told
    assert told.startswith(f"The {what} is signed, but for another archive: it names")


@pytest.mark.row("B23")
def test_an_sbom_that_leaves_an_image_out(shop: Shop, found: dict[str, str]) -> None:
    bill = sbom.document(shop.new)
    bill["packages"] = [it for it in bill["packages"] if "postgres:" not in it.get("comment", "")]
    told = incomplete(shop, "short-sbom", bill=bill)
    found["an image left out of the SBOM"] = told
    assert told.startswith("The SBOM lists other images than the chart runs: docker.io")


@pytest.mark.row("B23")
def test_something_beside_the_chart(shop: Shop, tmp_path: Path, found: dict[str, str]) -> None:
    file = tmp_path / "more.txt"
    file.write_text("more")
    repository = place(shop, "more", shop.new)
    repository.push_file("9.9.9", file, config=package.CONFIG_TYPE, kind="text/plain")
    told = refused(shop, repository, "9.9.9")
    found["something else pushed as a chart"] = told
    assert "is no chart, or more than one: it holds" in told


def incomplete(shop: Shop, name: str, **changed: Any) -> str:
    """Return what is told of the new version with some of what is attached to it changed."""
    repository = place(shop, name, shop.new)
    whole = {"bill": sbom.document(shop.new), "origin": provenance.predicate(shop.new)}
    attach(repository, shop.new, shop.signer, **{**whole, **changed})
    return refused(shop, repository)
