"""A cache entry is complete or absent, and its key is its content."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tools.cache import digest, entry


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_maker_leaves_nothing(
    error: type[BaseException], private_cache: Path
) -> None:
    def make(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise error

    with pytest.raises(error):
        entry("things", "key", make)
    assert [path for path in (private_cache / "things").iterdir() if path.is_dir()] == []


def test_an_entry_is_made_once_even_by_many_at_once() -> None:
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "file").write_text("content")

    threads = [threading.Thread(target=entry, args=("things", "key", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert (entry("things", "key", make) / "file").read_text() == "content"


def test_what_a_killed_maker_left_is_cleared(private_cache: Path) -> None:
    leftover = private_cache / "things" / ".key.abc"
    leftover.mkdir(parents=True)
    entry("things", "key", lambda folder: (folder / "file").touch())
    assert not leftover.exists()


def test_the_digest_follows_content_name_and_mode(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "file"
    file.write_text("one")
    seen = {digest(folder)}
    file.write_text("two")
    seen.add(digest(folder))
    file.chmod(0o755)
    seen.add(digest(folder))
    file.rename(folder / "renamed")
    seen.add(digest(folder))
    assert len(seen) == 4
    assert digest("a", "b") != digest("ab")
