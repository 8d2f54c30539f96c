"""A record says what each test rendered, and what came of it."""

from __future__ import annotations

from pathlib import Path

from tools.lab.engine import Rendered, RenderError, Request
from tools.lab.manifests import Manifests
from tools.lab.record import Record, outcome

ONE, TWO = Request.of({"a": 1}), Request.of({"a": 2}, api_versions=("x/v1",))


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = Record()
    record.add("first", ONE, Rendered(Manifests(), (1, 2), frozenset({3}), "hello"))
    record.add("first", TWO, Rendered(Manifests(), (4,)))
    record.add("second", ONE, Rendered(Manifests(), (1, 2), frozenset({3})), notes=True)
    record.test("third").opaque = True
    record.write(tmp_path / "folder" / "record.json")
    again = Record.read(tmp_path / "folder" / "record.json")
    assert again.requests == [ONE, TWO]
    assert again.outcomes == [[[1, 2], "hello"], [[4], ""]]
    assert again.reached == [[3], []]
    assert again.tests["first"].requests == [0, 1]
    assert again.tests["second"].requests == []
    assert again.tests["second"].notes == [0]
    assert again.tests["third"].opaque
    again.add("fourth", TWO, Rendered(Manifests(), (4,)))
    assert again.tests["fourth"].requests == [1]


def test_refusals_differ_in_what_they_say_and_not_in_where() -> None:
    here, there = RenderError("at (a.yaml:1:2): no"), RenderError("at (a.yaml:3:44): no")
    assert outcome(here) == outcome(there)
    assert outcome(here) != outcome(RenderError("at (a.yaml:1:2): yes"))
