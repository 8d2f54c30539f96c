"""In which order a release is published: nothing before the gates, and its tag after all else.

What a real registry makes of it is tried in tests/e2e/test_publishing.py.
"""

from __future__ import annotations

import argparse

import pytest

from tests.publish.repository import Checkout
from tools.errors import ToolError
from tools.publish import gates, package, publishing
from tools.publish.cosign import PROVENANCE, SBOM, Signer
from tools.publish.oras import Repository
from tools.publish.package import Package

OTHER = "sha256:" + "1" * 64
ALL = ["push", "sign", f"attest {SBOM}", f"attest {PROVENANCE}", "verify", "hub", "tag"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("publishing")
    return package.make(Checkout.new(folder / "repository").path, folder / "made")


class Done(list[str]):
    """What was done to the registry; the step called `failing` fails; `tagged` is a digest."""

    failing = ""
    tagged: str | None = None

    def add(self, what: str) -> None:
        """Note a step, or fail in it."""
        if what == self.failing:
            raise ToolError(f"{what} failed")
        self.append(what)


@pytest.fixture
def done(made: Package, monkeypatch: pytest.MonkeyPatch) -> Done:
    """A registry that takes everything, and gates that are open."""
    found = Done()
    monkeypatch.setattr(gates, "check", lambda: None)
    monkeypatch.setattr(package, "make", lambda: made)
    monkeypatch.setattr(Repository, "digest", lambda *_: found.tagged)
    monkeypatch.setattr(Repository, "push", lambda *_: found.add("push"))
    monkeypatch.setattr(Repository, "push_file", lambda *_, **__: found.add("hub"))
    monkeypatch.setattr(Repository, "tag", lambda *_: found.add("tag"))
    monkeypatch.setattr(Signer, "sign", lambda *_: found.add("sign"))
    monkeypatch.setattr(Signer, "attest", lambda *words: found.add(f"attest {words[3]}"))
    monkeypatch.setattr(publishing, "verify", lambda *_: found.add("verify"))
    return found


def command(reference: str = "oci://example.org/charts", **given: object) -> None:
    """Run `nox -s publish`."""
    absent = {"ca_file": None, "key": None, "identity": "", "issuer": "x", "sign_with": None}
    words = {"reference": reference, "keyless": True, "dry_run": False, **absent, **given}
    publishing.main(argparse.Namespace(**words), [])


def test_the_tag_comes_last(done: Done, made: Package, capsys: pytest.CaptureFixture[str]) -> None:
    command()
    assert done == ALL
    install = f"helm install NAME oci://example.org/charts/{made.name}@{made.digest}\n"
    assert capsys.readouterr().out.endswith(install)


@pytest.mark.parametrize("failing", ALL)
def test_what_fails_half_way_gets_no_tag(failing: str, done: Done) -> None:
    done.failing = failing
    with pytest.raises(ToolError, match="failed"):
        command()
    assert done == ALL[: ALL.index(failing)]


def test_behind_a_gate_nothing_is_done(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed() -> None:
        raise ToolError("not yet")

    monkeypatch.setattr(gates, "check", closed)
    for dry in (False, True):
        with pytest.raises(ToolError, match="not yet"):
            command(dry_run=dry)
    assert done == []


def test_a_rehearsal_names_each_step_and_does_none(
    done: Done, capsys: pytest.CaptureFixture[str]
) -> None:
    command(dry_run=True)
    assert done == []
    told = capsys.readouterr().out
    assert [f"{number}. " in told for number in range(1, 9)] == [True] * len(ALL) + [False]


def test_what_is_there_already_is_only_verified(
    done: Done, made: Package, capsys: pytest.CaptureFixture[str]
) -> None:
    done.tagged = made.digest
    command(dry_run=True)
    assert done == []
    command()
    assert done == ["verify"]
    assert capsys.readouterr().out.count("is published already, with the same bytes") == 2


@pytest.mark.parametrize("dry", [False, True])
def test_a_version_with_other_bytes_is_refused(dry: bool, done: Done) -> None:
    done.tagged = OTHER
    with pytest.raises(ToolError, match="A version never changes"):
        command(dry_run=dry)
    assert done == []


@pytest.mark.parametrize("end", [":1.2.3", f"@{OTHER}"])
def test_name_and_version_are_the_charts_own(end: str, done: Done) -> None:
    with pytest.raises(ToolError, match="Publish to oci://HOST/PATH"):
        command(f"oci://example.org/charts{end}")
    assert done == []
