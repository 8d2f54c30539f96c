"""How much of a version a change needs: the chart compared with that of the last release.

    major  values that were accepted are not any more, an object is gone, or an API server would
           refuse the upgrade because a field that cannot change does
    minor  values or objects are new, or a default is another one
    patch  anything else

Before 1.0.0 a minor version may break (https://semver.org, 4), so there each counts one less.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from packaging.version import Version

from tools import toolchain
from tools.console import say
from tools.errors import ToolError
from tools.lab.engine import RenderError
from tools.lab.helm import Helm
from tools.lab.manifests import Manifest
from tools.paths import CHART, REPOSITORY
from tools.proc import run
from tools.publish import git
from tools.publish.schema_change import stricter

FOLDER = str(CHART.relative_to(REPOSITORY))
ABSENT = object()
# Of objects, and of what they are templates for.
VERSION_LABELS = ("helm.sh/chart", "app.kubernetes.io/version")
# https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/ and the API's validation.
IMMUTABLE = {
    "Deployment": ("spec.selector",),
    "StatefulSet": (
        "spec.selector",
        "spec.serviceName",
        "spec.podManagementPolicy",
        "spec.volumeClaimTemplates",
    ),
    "DaemonSet": ("spec.selector",),
    "Job": ("spec.template", "spec.selector", "spec.completions"),
    "Service": ("spec.clusterIP",),
    "PersistentVolumeClaim": ("spec.accessModes", "spec.storageClassName", "spec.volumeMode"),
    "RoleBinding": ("roleRef",),
}


class Level(IntEnum):
    """How much a change means to those who installed the chart."""

    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True, order=True)
class Change:
    """A change, and what it means to users."""

    level: Level
    what: str


def main(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Show what changed since the last release, and whether the version says so.

    Raises:
        ToolError: the version must be higher.
    """
    del arguments, flags
    with TemporaryDirectory(prefix="bump-") as scratch:
        before = _release(REPOSITORY, git.release_tags(REPOSITORY), Path(scratch))
        if before is None:
            say("there is no release yet (no tag vX.Y.Z): nothing to compare with")
            return
        found = changes(before, CHART)
        for change in sorted(found, reverse=True):
            say(f"{change.level.name.lower()}: {change.what}")
        if wrong := judge(before, CHART, found):
            raise ToolError(wrong[0])
    say("the version says so")


def too_small(repository: Path) -> list[str]:
    """Return a sentence if the version does not rise as much as the chart changed."""
    with TemporaryDirectory(prefix="bump-") as scratch:
        tags = git.release_tags(repository, earlier=True)
        before = _release(repository, tags, Path(scratch))
        if before is None:
            return []
        after = git.export(repository, FOLDER, Path(scratch) / "after")
        return judge(before, after, changes(before, after))


def not_raised(repository: Path) -> list[str]:
    """Return what chart-testing says if the chart changed since the last release, its version not.

    It compares with a branch of a remote; `tags/vX.Y.Z` is the name of a tag in the same form.
    """
    tags = git.release_tags(repository, earlier=True)
    if not tags:
        return []
    tag = tags[0]
    since = ("--remote", "tags", "--target-branch", tag, "--check-version-increment", "--all=false")
    try:
        run(
            [toolchain.tool("ct"), "lint", *since, "--validate-yaml=false"],
            cwd=repository,
            env={"PATH": toolchain.path_with("helm")},
            on_line=lambda _line: None,  # its reason is on the one stream, the failure on the other
        )
    except ToolError as error:
        return [str(error)]
    return []


def judge(before: Path, after: Path, found: list[Change]) -> list[str]:
    """Return a sentence if the version of one chart is too low for what changed since another."""
    old, new = _version(before), _version(after)
    if not found:
        return []
    worst = max(found)
    lowest = next_version(old, worst.level)
    if new >= lowest:
        return []
    return [
        f"The chart's version is {new}, the last release is {old}, and this is a "
        f"{worst.level.name.lower()} change: {worst.what}. Make it {lowest} or higher."
    ]


def next_version(version: Version, level: Level) -> Version:
    """Return the lowest version that says how much changed."""
    major, minor, patch = version.release
    if not major:
        level = Level(max(level - 1, Level.PATCH))
    if level is Level.MAJOR:
        return Version(f"{major + 1}.0.0")
    if level is Level.MINOR:
        return Version(f"{major}.{minor + 1}.0")
    return Version(f"{major}.{minor}.{patch + 1}")


def changes(before: Path, after: Path) -> list[Change]:
    """Return what changed from one chart to another, for those who have it installed."""
    found = [*_values(before, after), *_schema(before, after), *_objects(before, after)]
    if not found and _files(before) != _files(after):
        found = [Change(Level.PATCH, "files changed that alter no install")]
    return found


def _release(repository: Path, tags: list[str], scratch: Path) -> Path | None:
    """Return the chart of the first of some tags, or None before the first release."""
    if not tags:
        return None
    return git.export(repository, FOLDER, scratch / "before", tags[0])


def _values(before: Path, after: Path) -> Iterator[Change]:
    """Yield what changed about the defaults."""
    old, new = (dict(_leaves(_yaml(chart / "values.yaml"))) for chart in (before, after))
    for path in sorted(old.keys() - new.keys()):
        yield Change(Level.MAJOR, f"the value {path} is gone")
    for path in sorted(new.keys() - old.keys()):
        yield Change(Level.MINOR, f"the value {path} is new")
    for path in sorted(old.keys() & new.keys()):
        if old[path] != new[path]:
            words = f"the default of {path} is {new[path]!r}, was {old[path]!r}"
            yield Change(Level.MINOR, words)


def _schema(before: Path, after: Path) -> Iterator[Change]:
    """Yield where the schema accepts less than before."""
    old, new = (_yaml(chart / "values.schema.json") for chart in (before, after))
    for path in stricter(old, new):
        yield Change(Level.MAJOR, f"the schema accepts less at {path}")


def _objects(before: Path, after: Path) -> Iterator[Change]:
    """Yield what installs with the values of the old chart's `ci` folder become."""
    old, new = (Helm(chart, release="release") for chart in (before, after))
    for path in sorted((before / "ci").glob("*-values.yaml")):
        name = path.stem.removesuffix("-values")
        values = _yaml(path)
        try:
            was = {_key(each): each for each in old.render(values=values, valid=False)}
        except RenderError:
            continue
        try:
            becomes = {_key(each): each for each in new.render(values=values, valid=False)}
        except RenderError as error:
            yield Change(Level.MAJOR, f"the install `{name}` is refused: {error}")
            continue
        yield from _difference(name, was, becomes)


def _difference(
    install: str, old: Mapping[str, Manifest], new: Mapping[str, Manifest]
) -> Iterator[Change]:
    for key in sorted(old.keys() | new.keys()):
        kind = key.partition("/")[0]
        # A Job is named by its content: another one is another run.
        if key not in new and kind != "Job":
            yield Change(Level.MAJOR, f"{key} of the install `{install}` is gone")
        elif key not in old and kind != "Job":
            yield Change(Level.MINOR, f"{key} of the install `{install}` is new")
        elif key in old and key in new:
            for field in IMMUTABLE.get(kind, ()):
                if _at(old[key], field) != _at(new[key], field):
                    words = f"{field} of {key} of the install `{install}` cannot change, and does"
                    yield Change(Level.MAJOR, words)
            if _own(old[key]) != _own(new[key]):
                yield Change(Level.PATCH, f"{key} of the install `{install}` is another one")


def _own(content: Any) -> Any:
    """Return an object, or a part of it, without the labels that change with every version."""
    if isinstance(content, dict):
        return {key: _own(value) for key, value in content.items() if key not in VERSION_LABELS}
    return [_own(item) for item in content] if isinstance(content, list) else content


def _at(content: Any, path: str) -> Any:
    for part in path.split("."):
        content = content.get(part, ABSENT) if isinstance(content, dict) else ABSENT
    return content


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _key(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def _files(chart: Path) -> dict[str, bytes]:
    """Return the files that a package holds, apart from what the version itself changes."""
    paths = {path.relative_to(chart): path for path in chart.rglob("*") if path.is_file()}
    return {
        str(name): path.read_bytes()
        for name, path in paths.items()
        if name.parts[0] not in ("Chart.yaml", "ci", "values.constraints.yaml")
    }


def _version(chart: Path) -> Version:
    return Version(_yaml(chart / "Chart.yaml")["version"])


def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
