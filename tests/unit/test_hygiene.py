"""What must not be in the repository: addresses and folders of one machine, bulk, leftovers."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache

import pytest

from tools.paths import REPOSITORY

BYTES = 300_000
# Put together from pieces, or this file would match itself.
DOMAINS = {
    "org": ("npmjs", "pythonhosted", "pypi", "proxy.golang", "sum.golang", "debian"),
    "com": ("npmjs", "yarnpkg", "archive.ubuntu", "security.ubuntu"),
    "io": ("index.crates", "static.crates"),
    "dev": ("proxy.go", "sum.go"),
}
HOSTS = [
    rf"(?:[\w-]+\.)*{re.escape(name)}\.{end}\b" for end, names in DOMAINS.items() for name in names
]
FOLDERS = [rf"/{name}/" for name in ("ro" + "ot", "wo" + "rk")] + [
    rf"/{name}/\w" for name in ("ho" + "me", "Us" + "ers")
]
MACHINE = re.compile(rf"(?<![\w.])(?:{'|'.join([*HOSTS, *FOLDERS])})")


@cache
def files() -> dict[str, bytes]:
    """Return the files that git tracks, or would, with their content."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = (name for name in listing.split("\0") if name and (REPOSITORY / name).is_file())
    return {name: (REPOSITORY / name).read_bytes() for name in names}


def text(name: str) -> str:
    return files()[name].decode(errors="replace")


def test_the_files_of_this_repository_are_looked_at() -> None:
    assert {"noxfile.py", "tools/cache.py", "charts/disney-ai-plus/Chart.yaml"} <= set(files())


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("https://registry.{npmjs}.org/react", True),
        ("--index-url https://{pypi}.org/simple", True),
        ("from PyPI", False),
        ("GOPROXY=proxy.{golang}.org,direct", True),
        ("cd /{root}/project", True),
        ("/opt/{work}/x", False),
        ("network/{root}/x", False),
    ],
)
def test_what_is_looked_for_is_found(line: str, named: bool) -> None:
    words = {word: word for word in re.findall(r"{(\w+)}", line)}
    assert bool(MACHINE.search(line.format(**words))) is named


def test_no_file_names_a_package_registry_or_a_machines_folder() -> None:
    found = {name: match.group() for name in files() if (match := MACHINE.search(text(name)))}
    assert found == {}


def test_no_file_is_large() -> None:
    assert [name for name, content in files().items() if len(content) > BYTES] == []


def test_no_file_holds_a_conflict_or_a_private_key() -> None:
    bad = re.compile(r"^(?:<{7} |>{7} |-----BEGIN (?:\w+ )*PRIVATE KEY-----)", re.MULTILINE)
    assert bad.search("-----BEGIN ENCRYPTED " + "SIGSTORE PRIVATE KEY-----")
    assert [name for name in files() if bad.search(text(name))] == []


def test_the_keys_that_releases_are_signed_with_are_never_committed() -> None:
    """They are made in this folder (docs/release.md), and it has to be as committed then."""
    keys = ["cosign.key", "cosign.pub"]
    command = ["git", "check-ignore", "--no-index", *keys]
    told = subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    assert told.stdout.split() == keys


def test_no_test_is_skipped() -> None:
    """`nox -s publish` takes one for a promise that nobody tried: deselect it instead."""
    skips = re.compile(r"\bpytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b")
    tests = [name for name in files() if re.fullmatch(r"tests/.*\.py", name)]
    assert tests
    assert [name for name in tests if skips.search(text(name))] == []


def test_no_result_of_a_run_is_kept() -> None:
    results = re.compile(r"(?:^|/)(?:__pycache__|node_modules|build|\.\w+_cache|\.nox)/|\.pyc$")
    assert [name for name in files() if results.search(name)] == []


# Optional compilers for machines that build no image here; the registry that the lock was made
# with does not hand them out, so their hashes are not known (images/web/README.md).
UNOBTAINABLE = re.compile(r"@next/swc-(darwin|win32)-")


@pytest.mark.parametrize("image", ["api", "web"])
def test_npm_locks_pin_content_and_no_address(image: str) -> None:
    """An address would bind the build to one registry; npm finds packages by name without."""
    packages = json.loads(text(f"images/{image}/package-lock.json"))["packages"]
    del packages[""]
    assert packages
    ours = packages.pop("node_modules/@disney-ai-plus/service")
    assert ours["resolved"] == "file:../service"
    assert [name for name, package in packages.items() if "resolved" in package] == []
    unpinned = [name for name, package in packages.items() if "integrity" not in package]
    assert [name for name in unpinned if not UNOBTAINABLE.search(name)] == []


@pytest.mark.parametrize("name", ["requirements.lock", "images/base/node.lock"])
def test_python_locks_pin_content_and_no_address(name: str) -> None:
    lines = text(name).replace("\\\n", " ").splitlines()
    requirements = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert requirements
    assert [line for line in requirements if "--hash=sha256:" not in line] == []
    assert "://" not in text(name)


def test_every_npm_lock_is_looked_at() -> None:
    locks = {name for name in files() if name.endswith("package-lock.json")}
    assert locks == {f"images/{image}/package-lock.json" for image in ("api", "web")}
