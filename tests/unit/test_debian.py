"""A root filesystem is made once from what its files say, wherever the checkout lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.conftest import script
from tools import debian
from tools.errors import ToolError

# Does what the manual promises: a hook goes through the shell, with the filesystem's folder.
MMDEBSTRAP = """
for word in "$@"; do
  printf '%s\\n' "$word" >> {log}
  case "$word" in
    *-hook=rm*) ;;
    *-hook=*) sh -c "${{word#*-hook=}}" exec /new/root ;;
  esac
  last="$word"
done
echo tar > "$last"
"""


@pytest.fixture
def log(programs: Path, tmp_path: Path) -> Path:
    """The words that mmdebstrap is called with."""
    path = tmp_path / "words"
    script(programs / "mmdebstrap", MMDEBSTRAP.format(log=path))
    return path


@pytest.fixture(params=["plain", "with a space"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with a list of packages and a hook that writes down its argument."""
    folder = tmp_path / str(request.param) / "base"
    folder.mkdir(parents=True)
    (folder / "packages.txt").write_text("tini\nca-certificates\n")
    script(folder / "customize.sh", f"printf %s \"$1\" > '{tmp_path}/hooked'")
    return folder


def make(source: Path, suite: str = "trixie") -> Path:
    hooks = [source / "customize.sh"]
    return debian.root_filesystem(source / "packages.txt", suite, hooks=hooks)


def test_packages_and_suite_are_asked_for_and_hooks_run(
    source: Path, log: Path, tmp_path: Path
) -> None:
    archive = make(source)
    words = log.read_text().splitlines()
    assert "--include=tini,ca-certificates" in words
    assert words[-2] == "trixie"
    assert archive.read_text() == "tar\n"
    assert (tmp_path / "hooked").read_text() == "/new/root"


@pytest.mark.usefixtures("log")
def test_it_is_made_anew_only_for_other_content(source: Path, log: Path) -> None:
    first = make(source)
    log.unlink()
    assert make(source) == first
    assert not log.exists()
    (source / "packages.txt").write_text("tini\nca-certificates\ncurl\n")
    second = make(source)
    script(source / "customize.sh", "true")
    third = make(source)
    assert len({first, second, third, make(source, "bookworm")}) == 4


def test_without_apt_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_cache: Path
) -> None:
    (tmp_path / "packages.txt").write_text("tini\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="mmdebstrap, which is not installed") as caught:
        debian.root_filesystem(tmp_path / "packages.txt", "trixie")
    assert "\n" not in str(caught.value)
    assert not list((private_cache / "root-filesystems").glob("*/"))


def test_where_apt_is_mmdebstrap_is_installed_first(tmp_path: Path, programs: Path) -> None:
    (tmp_path / "packages.txt").write_text("tini\n")
    program = MMDEBSTRAP.format(log=tmp_path / "words")
    (tmp_path / "program").write_text(f"#!/bin/sh\n{program}")
    install = f"/bin/cp {tmp_path}/program {programs}/mmdebstrap; /bin/chmod +x {programs}/*"
    script(
        programs / "apt-get", f"echo $1 >> {tmp_path}/asked; [ $1 = update ] || {{ {install}; }}"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{programs}:{tmp_path / 'shell'}")
        (tmp_path / "shell").mkdir()
        (tmp_path / "shell" / "sh").symlink_to("/bin/sh")
        archive = debian.root_filesystem(tmp_path / "packages.txt", "trixie")
    assert archive.exists()
    assert (tmp_path / "asked").read_text().split() == ["update", "install"]
