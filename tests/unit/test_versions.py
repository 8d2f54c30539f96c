"""versions.toml says nothing that is not read, and lists everything that is asked for."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from string import Template

import pytest

from tools import addons, lint, node_image, versions
from tools.versions import FILE, Module, module, table

NAMES = [*table()["tools"], *table()["sources"]]
MANIFESTS = sorted(addons.MANIFESTS.glob("*.yaml"))
# Their sources hold their version; every other program is stamped with it.
TELLS_BY_ITSELF = {"k6", "kind", "oras"}


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_has_only_fields_that_are_read(name: str) -> None:
    entry = table()["tools"].get(name) or table()["sources"][name]
    assert set(entry) - {"like"} <= set(Module.__dataclass_fields__)


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_pinned_by_one_whole_hash(name: str) -> None:
    found = module(name)
    # The database of vulnerabilities has no releases, only days.
    day = r"-\d{14}-[0-9a-f]{12}" if name == "vulndb" else ""
    assert re.fullmatch(rf"v\d+\.\d+\.\d+{day}", found.version)
    assert re.fullmatch(r"h1:[A-Za-z0-9+/]{43}=", found.sum)


@pytest.mark.parametrize("name", NAMES)
def test_a_modules_path_tells_the_major_version_that_is_pinned(name: str) -> None:
    suffix = re.search(r"/(v\d+)$", module(name).module)
    allowed = {suffix.group(1)} if suffix else {"v0", "v1"}
    assert module(name).version.split(".")[0] in allowed


def test_there_are_no_sums_that_nothing_uses() -> None:
    used = {module(name).sums for name in NAMES if module(name).replace}
    assert set((FILE.parent / "sums").iterdir()) == used


def test_kubernetes_and_its_parts_are_of_one_version() -> None:
    found = module("kubernetes")
    major, minor, patch = found.version.removeprefix("v").split(".")
    assert dict(found.replace) == {"./staging/src/": f"v0.{minor}.{patch}"}
    assert f"-X k8s.io/component-base/version.gitMajor={major}" in found.flags
    assert f"-X k8s.io/component-base/version.gitMinor={minor}" in found.flags


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_every_image_of_an_add_on_comes_from_the_table(path: Path) -> None:
    images = {key.replace("-", "_"): value for key, value in table()["addons"].items()}
    text = Template(path.read_text()).substitute(images)
    named = re.findall(r"^\s*(?:- )?image: *(\S+)", text, re.MULTILINE)
    assert set(named) <= set(images.values())


def test_no_program_comes_from_two_entries() -> None:
    made = Counter(program for name in table()["tools"] for program in module(name).programs)
    assert [program for program, count in made.items() if count > 1] == []


@pytest.mark.parametrize("name", [name for name in NAMES if module(name).probe])
def test_a_program_that_is_asked_for_its_version_is_built_to_tell_it(name: str) -> None:
    assert module(name).stamp or name in TELLS_BY_ITSELF


@pytest.mark.parametrize("name", ["k6", "kind", *lint.TOOLS, *node_image.BUILDS])
def test_a_tool_that_is_called_by_name_makes_a_program(name: str) -> None:
    assert name == "kubernetes" or name in module(name).programs


def test_the_go_from_pypi_is_new_enough_to_build_the_tools() -> None:
    def number(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split("."))

    assert number(table()["go"]["pypi"]) >= number(table()["go"]["minimum"])


def test_an_entry_like_another_says_only_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {"module": "a.b/c", "version": "v1.0.0", "sum": "h1:x", "packages": ["./cmd/whole"]}
    tools = {"whole": whole, "part": {"like": "whole", "packages": ["./cmd/part"]}}
    monkeypatch.setattr(versions, "table", lambda: {"tools": tools, "sources": {}})
    assert module("part") == Module("part", "a.b/c", "v1.0.0", "h1:x", packages=("./cmd/part",))
    assert module("part").programs == ("part",)
