"""Whose signatures count, and who signs: from the command line to cosign's words."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest

from tools import toolchain
from tools.errors import ToolError
from tools.publish import cosign
from tools.publish.cosign import SBOM, Signer, Trust
from tools.publish.oras import Repository, parse
from tools.publish.publishing import signing
from tools.publish.verification import trusted

DIGEST = "sha256:" + "1" * 64
GITHUB = "https://token.actions.githubusercontent.com"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What cosign is told, instead of being run."""
    told: list[list[str]] = []

    def run(command: list[object], **_: object) -> str:
        told.append([str(word) for word in command])
        return json.dumps([{"critical": {"type": cosign.SIGNATURE}}])

    monkeypatch.setattr(cosign, "run", run)
    monkeypatch.setattr(toolchain, "tool", Path)
    return told


def asked(**given: object) -> argparse.Namespace:
    """Return a command line with some options."""
    absent = {"key": None, "identity": "", "issuer": GITHUB, "keyless": False, "sign_with": None}
    return argparse.Namespace(**{**absent, **given})


def test_without_a_word_this_projects_workflow_counts() -> None:
    trust = trusted(asked())
    assert trust.issuer == GITHUB
    workflow = "https://github.com/disney-ai-plus/disney-ai-plus/.github/workflows/release.yml"
    assert re.search(trust.identity, f"{workflow}@refs/tags/v1.2.3")
    for other in (
        f"{workflow}@refs/heads/main",
        f"{workflow}@refs/tags/v1.2.3-x",
        f"https://example.org/{workflow}@refs/tags/v1.2.3",
        workflow.replace("disney-ai-plus/.github", "fork/.github") + "@refs/tags/v1.2.3",
        workflow.replace("release.yml", "release-yml") + "@refs/tags/v1.2.3",
    ):
        assert not re.search(trust.identity, other), other


def test_a_key_and_an_identity_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="exclude each other"):
        trusted(asked(key=tmp_path / "x", identity="y"))
    with pytest.raises(ToolError, match=r"There is no public key .*absent\.pub"):
        trusted(asked(key=tmp_path / "absent.pub"))
    (tmp_path / "a.pub").touch()
    assert trusted(asked(key=tmp_path / "a.pub")) == Trust(key=tmp_path / "a.pub")


def test_somebody_has_to_sign(tmp_path: Path) -> None:
    assert signing(asked(keyless=True)) == Signer()
    with pytest.raises(ToolError, match="Say who signs"):
        signing(asked())
    with pytest.raises(ToolError, match="There is no private key"):
        signing(asked(sign_with=tmp_path / "absent.key"))


def test_a_key_needs_no_service(said: list[list[str]], tmp_path: Path) -> None:
    repository = Repository("example.org/charts/x", tmp_path / "ca.crt")
    Signer(tmp_path / "cosign.key").sign(repository, DIGEST)
    (words,) = said
    assert words[:2] == ["cosign", "sign"]
    assert words[words.index("--key") + 1] == str(tmp_path / "cosign.key")
    assert words[words.index("--registry-cacert") + 1] == str(tmp_path / "ca.crt")
    assert {"--signing-config", "--trusted-root"} <= set(words)
    assert words[-1] == f"example.org/charts/x@{DIGEST}"


def test_without_a_key_sigstore_is_asked(said: list[list[str]]) -> None:
    repository = Repository("example.org/charts/x")
    Signer().sign(repository, DIGEST)
    Signer().attest(repository, DIGEST, SBOM, {})
    for words in said:
        assert not {"--key", "--signing-config", "--trusted-root"} & set(words)
        assert "--yes" in words


def test_an_identity_is_looked_up_in_the_public_log(said: list[list[str]]) -> None:
    Trust(identity="^me$", issuer=GITHUB).verify(Repository("example.org/charts/x"), DIGEST)
    (words,) = said
    assert words[words.index("--certificate-identity-regexp") + 1] == "^me$"
    assert words[words.index("--certificate-oidc-issuer") + 1] == GITHUB
    assert "--insecure-ignore-tlog" not in words


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("oci://example.org/charts", ("example.org/charts", "", "")),
        ("oci://example.org:5000/a/b:1.2.3", ("example.org:5000/a/b", "1.2.3", "")),
        (f"oci://example.org/a@{DIGEST}", ("example.org/a", "", DIGEST)),
        (f"oci://example.org/a:1@{DIGEST}", ("example.org/a", "1", DIGEST)),
    ],
)
def test_an_address_is_read(reference: str, parts: tuple[str, str, str]) -> None:
    repository, tag, digest = parse(reference)
    assert (repository.name, tag, digest) == parts


@pytest.mark.parametrize(
    "reference", ["example.org/a:1", "oci://example.org", "oci://example.org/a@sha256:12", "oci://"]
)
def test_what_is_no_address_is_told(reference: str) -> None:
    with pytest.raises(ToolError, match="is no address of a registry"):
        parse(reference)
