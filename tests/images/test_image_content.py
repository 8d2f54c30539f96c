"""What is in the images, and above all what is not."""

from __future__ import annotations

import json
import re
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.images.engine import LABEL, configuration, run_to_end
from tools import images, registry
from tools.engine import Engine

pytestmark = pytest.mark.row("S12")

NODE = ("api", "web")
OWN = ("db", "exporter", "pooler")
UIDS = {"api": "10001", "web": "10001", "db": "999", "exporter": "65534", "pooler": "10001"}
CEILINGS_MB = {"api": 230, "web": 250, "db": 180, "exporter": 20, "pooler": 90}
EXIT_CONFIG = 78
# Where a registry answers, the cluster pulls these images, or their official bases.
ALONE = pytest.mark.no_registry


@dataclass(frozen=True)
class Content:
    """An image's configuration and its files, as a container sees them."""

    component: str
    reference: str
    configuration: dict[str, Any]
    members: tuple[tarfile.TarInfo, ...]

    @cached_property
    def paths(self) -> frozenset[str]:
        """Return the paths of all files and links, without the leading slash."""
        return frozenset(member.name for member in self.members if not member.isdir())

    def matching(self, pattern: str) -> list[str]:
        """Return the paths that contain a match."""
        return sorted(path for path in self.paths if re.search(pattern, f"/{path}"))


@pytest.fixture(scope="module", params=[*NODE, *(pytest.param(it, marks=ALONE) for it in OWN)])
def content(
    request: pytest.FixtureRequest, engine: Engine, built: dict[str, images.Image]
) -> Content:
    """Each image that is built here, in turn."""
    component: str = request.param
    return read(engine, component, built[component].reference)


@pytest.fixture(scope="module", params=NODE)
def node(request: pytest.FixtureRequest, engine: Engine, built: dict[str, images.Image]) -> Content:
    """Each image of our own Node.js programs, in turn."""
    return read(engine, request.param, built[request.param].reference)


def read(engine: Engine, component: str, reference: str) -> Content:
    """List an image's files by exporting a container that never runs."""
    container = engine.run("create", f"--label={LABEL}", reference).strip()
    try:
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "files.tar"
            engine.run("export", f"--output={archive}", container)
            with tarfile.open(archive) as files:
                members = tuple(files.getmembers())
    finally:
        engine.run("rm", "--volumes", container)
    return Content(component, reference, configuration(engine, reference), members)


def test_the_user_is_a_number_and_not_root(content: Content) -> None:
    uid = UIDS[content.component]
    assert content.configuration["User"] == f"{uid}:{uid}"


@ALONE
def test_the_image_is_no_larger_than_it_has_to_be(
    content: Content, built: dict[str, images.Image]
) -> None:
    """Otherwise the size is mostly the official base's."""
    assert built[content.component].size / 1e6 < CEILINGS_MB[content.component]


def test_no_compiler_is_there(content: Content) -> None:
    programs = r"/(gcc|cc|cc1|c\+\+|g\+\+|clang|tcc|make|ld|as|go|rustc)(-[\d.]+)?$"
    assert content.matching(f"/s?bin{programs}") == []


def test_package_managers_left_nothing_behind(content: Content) -> None:
    left = r"^/var/(lib/apt/lists|cache/apt)/(?!(.*/)?lock$).+"
    assert content.matching(left) == []
    assert content.matching(r"/(\.npm|\.cache|_cacache|\.node-gyp)/") == []
    assert content.matching(r"^/(tmp|var/tmp)/.+") == []


def test_the_user_cannot_change_the_program(content: Content) -> None:
    uid = int(UIDS[content.component])
    # Everybody may write to devices, links and /tmp; the volumes' folders are empty.
    files = [member for member in content.members if member.isfile()]
    assert files, "the image holds no files"
    writable = [
        member.name for member in files if uid in (member.uid, member.gid) or member.mode & 0o002
    ]
    assert writable == []


def test_neither_npm_nor_what_only_builds_and_tests_is_there(node: Content) -> None:
    below = "^/app" if registry.answers() else ""
    assert node.matching(rf"{below}/(npm|npx|corepack|yarn|pnpm)(/|$)") == []
    assert node.matching(r"^/app/.*node_modules/(typescript|eslint|@types|@swc/core)/") == []
    assert node.matching(r"^/app/(test|tests|coverage|Dockerfile|\.git|\.npmrc|\.env)") == []
    assert node.matching(r"^/app/.*/(test|tests|__tests__)/") == []
    assert node.matching(r"^/app/.*\.(test\.js|map)$") == []


def test_node_runs(node: Content, engine: Engine) -> None:
    answer = run_to_end(engine, node.reference, "--version")
    assert answer.code == 0, answer
    assert int(re.sub(r"^v(\d+)\..*", r"\1", answer.output)) >= 20


@pytest.mark.row("S3")
@pytest.mark.parametrize(
    ("component", "script", "names"),
    [
        ("api", "src/main.js", "DATABASE_URL JWT_SECRET SUPABASE_URL SUPABASE_ANON_KEY"),
        ("api", "src/migrate.js", "DATABASE_URL"),
        (
            "web",
            "server/main.js",
            "API_URL NEXT_PUBLIC_SUPABASE_URL NEXT_PUBLIC_SUPABASE_ANON_KEY",
        ),
    ],
)
def test_without_its_environment_a_program_ends_with_one_sentence_that_names_all_of_it(
    engine: Engine, built: dict[str, images.Image], component: str, script: str, names: str
) -> None:
    answer = run_to_end(engine, built[component].reference, script)
    assert answer.code == EXIT_CONFIG, answer
    lines = (answer.output + answer.errors).splitlines()
    assert len(lines) == 1, answer
    entry = json.loads(lines[0])
    assert entry["level"] == "error"
    assert set(names.split()) <= set(re.findall(r"[A-Z_]{5,}", entry["msg"]))
    assert re.match(r"[A-Z].*\.$", entry["msg"]), entry["msg"]


@ALONE
def test_the_exporter_runs(engine: Engine, built: dict[str, images.Image]) -> None:
    answer = run_to_end(engine, built["exporter"].reference, "--version")
    assert answer.code == 0, answer
    assert "postgres_exporter, version v0." in answer.output + answer.errors


@ALONE
def test_the_pooler_can_let_its_clients_finish(
    engine: Engine, built: dict[str, images.Image]
) -> None:
    """Since 1.23 SIGTERM waits for them; before, it ended all connections at once."""
    answer = run_to_end(engine, built["pooler"].reference, "pgbouncer", "--version")
    assert answer.code == 0, answer
    found = re.search(r"PgBouncer 1\.(\d+)", answer.output)
    assert found, answer
    assert int(found[1]) >= 23
