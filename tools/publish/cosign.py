"""Signatures and attestations, made and checked by the cosign program.

Two kinds of trust: a key pair (the private key's password is in `COSIGN_PASSWORD`, nothing leaves
the machine but the signature), or keyless, where Sigstore vouches for a workflow or a person and a
public log keeps the record.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tools import toolchain
from tools.errors import ToolError
from tools.proc import run
from tools.publish.oras import Repository

SECONDS = 180
SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
# Without services: no certificate authority, no log, no clock. What signing with a key needs.
NO_SERVICES = {
    "--signing-config": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    "--trusted-root": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
}
# What statements are about: cosign's word for it.
SBOM = "spdxjson"
PROVENANCE = "slsaprovenance1"


@dataclass(frozen=True)
class Signer:
    """Who signs: the owner of a private key, or (None) whoever Sigstore knows this process as."""

    key: Path | None = None

    def sign(self, repository: Repository, digest: str) -> None:
        """Sign a digest, and attach the signature to it."""
        self._run("sign", repository, digest)

    def attest(
        self, repository: Repository, digest: str, kind: str, predicate: dict[str, Any]
    ) -> None:
        """Sign a statement about a digest, and attach it to it."""
        with TemporaryDirectory(prefix="attestation-") as scratch:
            file = Path(scratch) / "predicate.json"
            file.write_text(json.dumps(predicate), encoding="utf-8")
            self._run("attest", repository, digest, "--type", kind, "--predicate", str(file))

    def _run(self, verb: str, repository: Repository, digest: str, *words: str) -> None:
        with TemporaryDirectory(prefix="signing-") as scratch:
            trust: list[str | Path] = []
            if self.key is not None:
                trust = ["--key", self.key]
                for option, kind in NO_SERVICES.items():
                    file = Path(scratch) / option
                    file.write_text(json.dumps({"mediaType": kind}), encoding="utf-8")
                    trust += [option, file]
            _cosign(verb, repository, "--yes", *trust, *words, repository.at(digest))


@dataclass(frozen=True)
class Trust:
    """Whose signatures count: those made with a key, or those of an identity at Sigstore."""

    key: Path | None = None
    identity: str = ""
    issuer: str = ""

    def __str__(self) -> str:
        """Return whom one trusts, for messages."""
        return f"the key {self.key}" if self.key else f"{self.identity} ({self.issuer})"

    def verify(self, repository: Repository, digest: str) -> None:
        """Check that a digest is signed.

        Raises:
            ToolError: no signature of this kind.
        """
        answer = _cosign("verify", repository, *self._words, repository.at(digest))
        found = json.loads(answer.strip().splitlines()[-1])
        # To cosign a signed statement is a signature as well.
        if not any(each["critical"]["type"] == SIGNATURE for each in found):
            raise ToolError(f"Statements about {digest} are signed, the chart itself is not.")

    def attested(self, repository: Repository, digest: str, kind: str) -> dict[str, Any]:
        """Return what was stated about a digest, once that is found to be signed.

        Raises:
            ToolError: no such statement is signed in this way.
        """
        words = ("--type", kind, *self._words, repository.at(digest))
        answer = _cosign("verify-attestation", repository, *words)
        return _predicate(answer)

    @property
    def _words(self) -> list[str | Path]:
        if self.key is not None:
            return ["--key", self.key, "--insecure-ignore-tlog"]
        words = ["--certificate-identity-regexp", self.identity]
        return [*words, "--certificate-oidc-issuer", self.issuer]


def key_pair(folder: Path, password: str) -> tuple[Path, Path]:
    """Make a private and a public key in a folder, and return where they are."""
    run(
        [toolchain.tool("cosign"), "generate-key-pair", "--output-key-prefix", folder / "cosign"],
        env={"COSIGN_PASSWORD": password},
        timeout=SECONDS,
    )
    return folder / "cosign.key", folder / "cosign.pub"


def _cosign(verb: str, repository: Repository, *words: str | Path) -> str:
    ca = ("--registry-cacert", repository.ca) if repository.ca else ()
    return run([toolchain.tool("cosign"), verb, *ca, *words], timeout=SECONDS)


def _predicate(answer: str) -> dict[str, Any]:
    """Return the predicate of the first statement that cosign found to be signed."""
    envelope = json.loads(answer.splitlines()[0])
    statement = json.loads(base64.b64decode(envelope["payload"]))
    found = statement["predicate"]
    if not isinstance(found, dict):
        raise ToolError(f"A statement of type {statement['predicateType']} is no object.")
    return found
