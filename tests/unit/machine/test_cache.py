"""A cache entry is complete or absent, made once, and named by what went in."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from tools.cache import digest, entry


def fill(folder: Path) -> None:
    (folder / "result").write_text("complete")


def visible(folder: Path) -> list[str]:
    """Return what lies in a cache folder, but for locks."""
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"]


def test_an_entry_holds_what_its_maker_made(private_cache: Path) -> None:
    made = entry("kind", "key", fill)
    assert made == private_cache / "kind" / "key"
    assert (made / "result").read_text() == "complete"


def test_an_entry_is_readable_by_other_users() -> None:
    assert entry("kind", "key", fill).stat().st_mode & 0o777 == 0o755


def test_an_entry_is_made_once() -> None:
    entry("kind", "key", fill)

    def again(folder: Path) -> None:
        pytest.fail(f"made again in {folder}")

    assert (entry("kind", "key", again) / "result").exists()


def test_an_entry_is_absent_while_it_is_made(private_cache: Path) -> None:
    def make(folder: Path) -> None:
        fill(folder)
        assert not (private_cache / "kind" / "key").exists()

    entry("kind", "key", make)


def test_what_a_killed_maker_left_is_cleared_and_never_taken_for_a_result(
    private_cache: Path,
) -> None:
    leftover = private_cache / "kind" / ".key.x1y2z3"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("made")
    made = entry("kind", "key", fill)
    assert visible(private_cache / "kind") == ["key"]
    assert not (made / "half").exists()


def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    begun, returned = fork.Event(), fork.Event()

    def first() -> None:
        def make(folder: Path) -> None:
            begun.set()
            assert not returned.wait(timeout=0.4)
            fill(folder)

        entry("kind", "key", make)

    def second() -> None:
        begun.wait(timeout=5)
        found = entry("kind", "key", lambda folder: (folder / "second").touch())
        returned.set()
        (tmp_path / "seen").write_text(" ".join(visible(found)))

    processes = [fork.Process(target=work) for work in (first, second)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=10)
    assert [process.exitcode for process in processes] == [0, 0]
    assert (tmp_path / "seen").read_text() == "result"


def test_digest_is_stable_and_ignores_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": [2]}, "x") == digest({"b": [2], "a": 1}, "x")


def test_digest_tells_parts_apart() -> None:
    assert len({digest("ab"), digest("a", "b"), digest("b", "a"), digest(["a", "b"])}) == 4


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda f: (f / "sub/file").write_text("other"), id="content"),
        pytest.param(lambda f: (f / "sub/file").chmod(0o755), id="executable bit"),
        pytest.param(lambda f: (f / "sub/file").rename(f / "sub/name"), id="name"),
        pytest.param(lambda f: (f / "sub/file").rename(f / "file"), id="place"),
        pytest.param(lambda f: (f / "more").touch(), id="an empty file more"),
    ],
)
def test_a_changed_folder_has_another_digest(tmp_path: Path, change: object) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/file").write_text("content")
    before = digest(folder)
    assert digest(folder) == before
    assert callable(change)
    change(folder)
    assert digest(folder) != before


def test_a_folder_has_the_same_digest_wherever_it_lies(tmp_path: Path) -> None:
    for place in ("here", "there"):
        (tmp_path / place / "folder").mkdir(parents=True)
        (tmp_path / place / "folder/file").write_text("content")
    assert digest(tmp_path / "here/folder") == digest(tmp_path / "there/folder")


def test_a_path_that_does_not_exist_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        digest(tmp_path / "absent")
