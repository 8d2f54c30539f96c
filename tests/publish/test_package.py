"""A package is made of a commit: the same bytes wherever, whenever and by whomever it is made."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tarfile
import time
from pathlib import Path

import pytest

from tests.publish.repository import CHART_FOLDER, Checkout
from tools import toolchain
from tools.errors import ToolError
from tools.proc import run
from tools.publish import package


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.new(tmp_path_factory.mktemp("origin") / "repository")


def cloned(origin: Checkout, path: Path) -> Path:
    run(["git", "clone", "--quiet", origin.path, path])
    return path


@pytest.mark.row("B23")
def test_two_clones_give_the_same_bytes(
    origin: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = package.make(cloned(origin, tmp_path / "a"), tmp_path / "one")
    monkeypatch.setenv("TZ", "Pacific/Chatham")
    time.tzset()
    mask = os.umask(0o077)
    try:
        clone = cloned(origin, tmp_path / "elsewhere" / "b")
        for path in clone.rglob("*"):
            if ".git" not in path.parts:
                os.utime(path, (1e9, 1e9))
        other = package.make(clone, tmp_path / "other")
    finally:
        os.umask(mask)
        monkeypatch.undo()
        time.tzset()
    assert one.archive.read_bytes() == other.archive.read_bytes()
    assert one.digest == other.digest
    assert (one.layout / "index.json").read_bytes() == (other.layout / "index.json").read_bytes()


@pytest.mark.parametrize("autocrlf", ["true", "false"])
def test_a_users_settings_of_git_change_nothing(
    autocrlf: str, origin: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = package.make(origin.path, tmp_path / "one")
    (tmp_path / "attributes").write_text("* text=auto\n")
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f"[core]\nautocrlf = {autocrlf}\neol = crlf\nattributesFile = {tmp_path}/attributes\n"
        "[tar]\numask = 0077\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert package.make(origin.path, tmp_path / "two").digest == one.digest


def test_another_commit_gives_another_package(origin: Checkout, tmp_path: Path) -> None:
    """The control: what is compared above can differ."""
    one = package.make(origin.path, tmp_path / "one")
    later = Checkout(cloned(origin, tmp_path / "later"))
    later.edit(str(CHART_FOLDER / "values.yaml"), "poolSize: 10", "poolSize: 9")
    later.commit("Change a default")
    assert package.make(later.path, tmp_path / "two").digest != one.digest


def test_a_commit_beside_the_chart_changes_nothing(origin: Checkout, tmp_path: Path) -> None:
    one = package.make(origin.path, tmp_path / "one")
    later = Checkout(cloned(origin, tmp_path / "later"))
    later.edit("CHANGELOG.md", "# Changelog", "# Change log")
    later.commit("Change another file", time="2026-03-04T05:06:07+0000")
    assert package.make(later.path, tmp_path / "two").digest == one.digest


def test_what_is_pushed_is_what_helm_made(origin: Checkout, tmp_path: Path) -> None:
    made = package.make(origin.path, tmp_path / "made")
    index = json.loads((made.layout / "index.json").read_bytes())
    (described,) = index["manifests"]
    assert described["digest"] == made.digest
    # https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
    assert json.loads((made.layout / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    assert described["annotations"] == {"org.opencontainers.image.ref.name": made.version}
    assert index["schemaVersion"] == 2

    def blob(digest: str) -> bytes:
        content = (made.layout / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest.removeprefix("sha256:")
        return content

    manifest = json.loads(blob(made.digest))
    assert manifest["schemaVersion"] == 2
    assert blob(manifest["layers"][0]["digest"]) == made.archive.read_bytes()
    assert json.loads(blob(manifest["config"]["digest"])) == made.chart
    annotations = manifest["annotations"]
    assert annotations["org.opencontainers.image.created"] == "2026-01-02T03:04:05Z"
    assert annotations["org.opencontainers.image.version"] == made.version
    assert annotations["org.opencontainers.image.source"] == made.chart["sources"][0]
    assert annotations["org.opencontainers.image.authors"] == made.chart["maintainers"][0]["name"]
    assert annotations["artifacthub.io/license"] == "Apache-2.0"


def test_the_command_tells_both_digests(
    origin: Checkout,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = package.make(origin.path, tmp_path / "made")
    monkeypatch.setattr(package, "REPOSITORY", tmp_path)
    monkeypatch.setattr(package, "make", lambda: made)
    package.main(argparse.Namespace(), [])
    archive, layout = capsys.readouterr().out.splitlines()
    assert archive.endswith(f"made/{made.name}-{made.version}.tgz: {made.archive_digest}")
    assert layout.endswith(f"made/oci: {made.name}:{made.version}@{made.digest}")


def test_what_was_made_before_is_gone(origin: Checkout, tmp_path: Path) -> None:
    one = package.make(origin.path, tmp_path / "made")
    one.archive.rename(one.archive.with_name("older.tgz"))
    assert package.make(origin.path, tmp_path / "made").digest == one.digest
    assert not one.archive.with_name("older.tgz").exists()


def test_a_package_holds_what_users_need_and_nothing_else(origin: Checkout, tmp_path: Path) -> None:
    made = package.make(origin.path, tmp_path / "made")
    with tarfile.open(made.archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert {"Chart.yaml", "values.yaml", "values.schema.json", "README.md"} <= names
    assert {name for name in names if name.startswith("ci/") or "constraints" in name} == set()
    assert run([toolchain.tool("helm"), "show", "chart", made.archive]).startswith("annotations:")


def test_changes_that_are_not_committed_are_refused(origin: Checkout, tmp_path: Path) -> None:
    clone = Checkout(cloned(origin, tmp_path / "clone"))
    (clone.chart / "templates" / "left-over.yaml").write_text("{}\n")
    with pytest.raises(ToolError, match=r"not committed[^$]*left-over\.yaml"):
        package.make(clone.path, tmp_path / "made")


def test_a_shallow_clone_is_refused(origin: Checkout, tmp_path: Path) -> None:
    """It would take its only commit for the one that changed the chart."""
    Checkout(origin.path).commit("Nothing")
    run(["git", "clone", "--quiet", "--depth=1", f"file://{origin.path}", tmp_path / "shallow"])
    with pytest.raises(ToolError, match="fetch-depth: 0"):
        package.make(tmp_path / "shallow", tmp_path / "made")


def test_what_is_no_chart_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.tgz").write_bytes(b"no archive")
    with pytest.raises(ToolError, match="no archive of a chart"):
        package.read_metadata(tmp_path / "x.tgz")
