"""The version says how much changed: each kind of change, and what it needs at least."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.version import Version

from tests.publish.repository import CHART_FOLDER, Checkout
from tools.errors import ToolError
from tools.lab.manifests import Manifest
from tools.paths import CHART
from tools.publish import bump, git
from tools.publish.bump import Level
from tools.publish.schema_change import stricter


def edited(name: str, before: str, after: str) -> Callable[[Path], None]:
    def edit(chart: Path) -> None:
        text = (chart / name).read_text(encoding="utf-8")
        assert before in text, f"{name} does not hold {before!r}"
        (chart / name).write_text(text.replace(before, after), encoding="utf-8")

    return edit


def removed(name: str) -> Callable[[Path], None]:
    return lambda chart: (chart / name).unlink()


def added(chart: Path) -> None:
    """Add a value, and let the schema know it."""
    edited("values.yaml", "\nmigrations:", "\nunheardOf: 1\n\nmigrations:")(chart)
    schema = json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    schema["properties"]["unheardOf"] = {"type": "integer"}
    (chart / "values.schema.json").write_text(json.dumps(schema), encoding="utf-8")


def rejected(chart: Path) -> None:
    """Let a template refuse what it took before."""
    (chart / "templates" / "zz.yaml").write_text('{{ fail "no more" }}\n')


def tightened(chart: Path) -> None:
    """Let the schema refuse values that none of the installs has."""
    schema = json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    pool = schema["properties"]["api"]["properties"]["poolSize"]
    assert pool["maximum"] > 10
    pool["maximum"] = 10
    (chart / "values.schema.json").write_text(json.dumps(schema), encoding="utf-8")


OBJECT = "{apiVersion: v1, kind: ConfigMap, metadata: {name: more}}"
CHANGES = {
    "a comment in a template": (
        edited("templates/api/deployment.yaml", "kind: Deployment", "# x\nkind: Deployment"),
        Level.PATCH,
        "alter no install",
    ),
    "a field of an object": (
        edited("templates/api/service.yaml", "spec:", "spec:\n  sessionAffinity: None"),
        Level.PATCH,
        "Service/api",
    ),
    "a default": (
        edited("values.yaml", "poolSize: 10", "poolSize: 9"),
        Level.MINOR,
        "the default of api.poolSize is 9, was 10",
    ),
    "a new value": (
        added,
        Level.MINOR,
        "the value unheardOf is new",
    ),
    "a removed value": (
        edited("values.yaml", "  poolSize: 10\n", ""),
        Level.MAJOR,
        "the value api.poolSize is gone",
    ),
    "a renamed value": (
        edited("values.yaml", "poolSize: 10", "connections: 10"),
        Level.MAJOR,
        "the value api.poolSize is gone",
    ),
    "an object more": (
        lambda chart: (chart / "templates" / "zz.yaml").write_text(OBJECT),
        Level.MINOR,
        "ConfigMap/more of the install",
    ),
    "an object that is gone": (
        removed("templates/api/service.yaml"),
        Level.MAJOR,
        "Service/api of the install",
    ),
    "an immutable field": (
        edited("templates/db/statefulset.yaml", "serviceName: ", "serviceName: x"),
        Level.MAJOR,
        "spec.serviceName of StatefulSet/db",
    ),
    "a stricter schema": (
        tightened,
        Level.MAJOR,
        "the schema accepts less at (root).api.poolSize",
    ),
    "a refusal": (rejected, Level.MAJOR, "is refused: "),
}


@pytest.fixture
def after(tmp_path: Path) -> Path:
    """A copy to change, in a folder that the names of the chart's own must not be taken for."""
    return Path(shutil.copytree(CHART, tmp_path / "ci" / "after"))


def test_nothing_is_no_change(after: Path) -> None:
    assert bump.changes(CHART, after) == []


def test_another_version_is_no_change(after: Path) -> None:
    """A label of every object tells it."""
    edited("Chart.yaml", "\nversion: ", "\nversion: 9")(after)
    assert bump.changes(CHART, after) == []


def test_what_no_package_holds_is_no_change(after: Path) -> None:
    (after / "ci" / "more-values.yaml").write_text("{}\n")
    (after / "values.constraints.yaml").write_text("{}\n")
    assert bump.changes(CHART, after) == []


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_has_its_level(name: str, after: Path) -> None:
    change, level, words = CHANGES[name]
    change(after)
    worst = max(bump.changes(CHART, after))
    assert worst.level is level
    assert any(words in it.what for it in bump.changes(CHART, after) if it.level is level)


# What an API server refuses to change (its validation, by kind).
FIXED = {
    "Deployment": "spec.selector",
    "StatefulSet": "spec.selector spec.serviceName spec.podManagementPolicy "
    "spec.volumeClaimTemplates",
    "DaemonSet": "spec.selector",
    "Job": "spec.template spec.selector spec.completions",
    "Service": "spec.clusterIP",
    "PersistentVolumeClaim": "spec.accessModes spec.storageClassName spec.volumeMode",
    "RoleBinding": "roleRef",
}


def an_object(kind: str, field: str, value: object) -> dict[str, Manifest]:
    """Return a render of one object with one field."""
    for part in reversed(field.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    found = {"kind": kind, "metadata": {"name": "x"}, **value}
    return {f"{kind}/x": found}


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind in FIXED for field in FIXED[kind].split()]
)
def test_a_field_that_cannot_change_needs_a_major_version(kind: str, field: str) -> None:
    one, other = (an_object(kind, field, value) for value in ("a", "b"))
    absent = {f"{kind}/x": {"kind": kind, "metadata": {"name": "x"}}}
    for old, new in ((one, other), (one, absent), (absent, one)):
        worst = max(bump._difference("install", old, new))
        assert worst.level is Level.MAJOR
        assert worst.what.startswith(f"{field} of {kind}/x of the install `install` cannot change")
    assert list(bump._difference("install", one, one)) == []


def test_another_job_is_another_run() -> None:
    """Jobs are named by their content; one that is gone has done its work."""
    job = an_object("Job", "spec.template", "a")
    assert list(bump._difference("install", job, {})) == []
    assert list(bump._difference("install", {}, job)) == []


@pytest.mark.parametrize("label", ["helm.sh/chart", "app.kubernetes.io/version"])
def test_labels_that_tell_the_version_are_no_change(label: str) -> None:
    one, other = (
        {"Service/x": {"kind": "Service", "metadata": {"labels": {label: value}}}}
        for value in ("1", "2")
    )
    assert list(bump._difference("install", one, other)) == []


@pytest.mark.parametrize(
    ("level", "version", "lowest"),
    [
        (Level.PATCH, "1.2.3", "1.2.4"),
        (Level.MINOR, "1.2.3", "1.3.0"),
        (Level.MAJOR, "1.2.3", "2.0.0"),
        (Level.PATCH, "0.2.3", "0.2.4"),
        (Level.MINOR, "0.2.3", "0.2.4"),
        (Level.MAJOR, "0.2.3", "0.3.0"),
    ],
)
def test_the_lowest_version_that_says_so(level: Level, version: str, lowest: str) -> None:
    assert bump.next_version(Version(version), level) == Version(lowest)


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ({"maximum": 5}, {"maximum": 4}, ["(root)"]),
        ({"maximum": 5}, {"maximum": 6}, []),
        ({}, {"minLength": 1}, ["(root)"]),
        ({"pattern": "a"}, {"pattern": "b"}, ["(root)"]),
        ({"pattern": "a"}, {}, []),
        ({"enum": [1, 2]}, {"enum": [1]}, ["(root)"]),
        ({"enum": [1]}, {"enum": [1, 2]}, []),
        ({"type": ["string", "null"]}, {"type": "string"}, ["(root)"]),
        ({"type": "integer"}, {"type": "number"}, []),
        ({"type": "number"}, {"type": "integer"}, ["(root)"]),
        ({"items": {}}, {"items": {"type": "string"}}, ["(root).items"]),
        ({}, {"additionalProperties": False}, ["(root).additionalProperties"]),
        (
            {"properties": {"a": {}}},
            {"properties": {}, "additionalProperties": False},
            ["(root).a", "(root).additionalProperties"],
        ),
        (
            {"properties": {"a": {"minimum": 1}}},
            {"properties": {"a": {"minimum": 2}}},
            ["(root).a"],
        ),
        ({"additionalProperties": False}, {"additionalProperties": {"type": "string"}}, []),
        ({}, {"properties": {"a": {"type": "string"}}}, ["(root).a"]),
        (
            {"properties": {"a": {"type": "string"}}, "additionalProperties": True},
            {"additionalProperties": {"type": "integer"}},
            ["(root).a", "(root).additionalProperties"],
        ),
        (
            {"additionalProperties": False},
            {"properties": {"a": {"type": "string"}}, "additionalProperties": False},
            [],
        ),
        (
            {"definitions": {"unused": {}}, "additionalProperties": False},
            {"definitions": {}, "additionalProperties": False},
            [],
        ),
        ({"description": "x"}, {"description": "y"}, []),
        ({"pattern": "a", "minimum": 2}, {"pattern": "a", "minimum": 1}, []),
    ],
)
def test_where_a_schema_accepts_less(
    old: dict[str, object], new: dict[str, object], paths: list[str]
) -> None:
    assert list(stricter(old, new)) == paths


# https://json-schema.org/draft-07/json-schema-validation
UPPER_LIMITS = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]
LOWER_LIMITS = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]
CONDITIONS = [
    *("$ref", "pattern", "format", "const", "multipleOf", "not", "if", "then", "else", "allOf"),
    *("anyOf", "oneOf", "dependencies", "propertyNames", "contains", "uniqueItems"),
]


@pytest.mark.parametrize(
    ("word", "loose", "strict"),
    [
        *((word, 5, 4) for word in UPPER_LIMITS),
        *((word, 4, 5) for word in LOWER_LIMITS),
    ],
)
def test_a_tighter_limit_accepts_less(word: str, loose: int, strict: int) -> None:
    assert list(stricter({word: loose}, {word: strict})) == ["(root)"]
    assert list(stricter({}, {word: loose})) == ["(root)"]
    assert list(stricter({word: strict}, {word: loose})) == []
    assert list(stricter({word: loose}, {})) == []


@pytest.mark.parametrize("word", CONDITIONS)
def test_another_condition_may_accept_less(word: str) -> None:
    """Two of them cannot be compared, so that is assumed."""
    assert list(stricter({word: "a"}, {word: "b"})) == ["(root)"]
    assert list(stricter({}, {word: "a"})) == ["(root)"]
    assert list(stricter({word: "a"}, {})) == []


@pytest.mark.parametrize("group", ["properties", "patternProperties", "definitions"])
def test_a_schema_inside_a_schema_is_looked_at(group: str) -> None:
    old, new = ({group: {"a": {"minimum": least}}} for least in (1, 2))
    assert list(stricter(old, new)) == ["(root).a"]


@pytest.fixture
def released(tmp_path: Path) -> Checkout:
    """A repository whose last release is 1.2.3."""
    checkout = Checkout.new(tmp_path / "repository")
    checkout.version("1.2.3")
    checkout.commit("Release")
    checkout.git("tag", "v1.2.3")
    return checkout


def command(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `nox -s bump` in a repository."""
    monkeypatch.setattr(bump, "REPOSITORY", checkout.path)
    monkeypatch.setattr(bump, "CHART", checkout.chart)
    bump.main(argparse.Namespace(), [])


def test_before_the_first_release_any_version_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout = Checkout.new(tmp_path / "repository")
    assert bump.too_small(checkout.path) == []
    assert bump.not_raised(checkout.path) == []
    command(checkout, monkeypatch)
    assert "there is no release yet" in capsys.readouterr().out


def test_without_a_change_any_version_will_do(released: Checkout) -> None:
    assert bump.too_small(released.path) == []


def test_the_command_says_what_changed_and_what_the_version_must_be(
    released: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the working tree, so that it can be asked before anything is committed."""
    released.edit(str(CHART_FOLDER / "values.yaml"), "poolSize: 10", "poolSize: 9")
    released.version("1.2.4")
    with pytest.raises(ToolError, match=r"Make it 1\.3\.0 or higher"):
        command(released, monkeypatch)
    assert "minor: the default of api.poolSize is 9, was 10" in capsys.readouterr().out
    released.version("1.3.0")
    command(released, monkeypatch)
    assert capsys.readouterr().out.endswith("the version says so\n")


def test_a_version_that_is_too_low_is_refused(released: Checkout) -> None:
    released.edit(str(CHART_FOLDER / "values.yaml"), "poolSize: 10", "poolSize: 9")
    released.version("1.2.4")
    released.commit("Change a default")
    (problem,) = bump.too_small(released.path)
    assert "a minor change" in problem
    assert "Make it 1.3.0 or higher" in problem
    released.version("1.3.0")
    released.commit("Say so")
    assert bump.too_small(released.path) == []


def test_the_last_release_is_the_highest_that_is_part_of_this(released: Checkout) -> None:
    released.git("checkout", "--quiet", "-b", "elsewhere")
    released.commit("Not part of main")
    released.git("tag", "v9.0.0")
    released.git("checkout", "--quiet", "main")
    released.git("tag", "v1.2.10", "HEAD")
    assert git.release_tags(released.path) == ["v1.2.10", "v1.2.3"]


def test_chart_testing_wants_a_higher_version_too(released: Checkout) -> None:
    released.edit(str(CHART_FOLDER / "values.yaml"), "poolSize: 10", "poolSize: 9")
    released.commit("Change a default")
    (problem,) = bump.not_raised(released.path)
    assert "Needs a version bump" in problem
    released.version("1.3.0")
    released.commit("Say so")
    assert bump.not_raised(released.path) == []
