"""Template sources are taken apart, and instrumented without a change of what they print."""

from __future__ import annotations

import pytest

from tools.errors import ToolError
from tools.lab.template import actions, blocks, instrument

SOURCE = """\
{{- /* A comment with }} in it. */ -}}
{{- if eq .a "}}" }}
a
{{- else if .b -}}
b
{{- end }}
{{ range $x := .c }}{{ with $x }}c{{ else }}d{{ end }}{{ end }}
"""


def test_quotes_and_comments_may_hold_braces() -> None:
    codes = [action.code for action in actions(SOURCE)]
    assert codes[0].startswith("/*")
    assert codes[1] == 'if eq .a "}}"'
    assert codes[2:4] == ["else if .b", "end"]


def test_trimming_is_seen() -> None:
    found = list(actions("{{- a -}}{{ b }}{{- c }}{{-1}}"))
    trims = [(action.trims_left, action.trims_right) for action in found]
    assert trims == [(True, True), (False, False), (True, False), (False, False)]


def test_every_branch_is_a_block() -> None:
    assert [(block.what, block.absent) for block in blocks("x.yaml", SOURCE)] == [
        ("file", False),
        ('if eq .a "}}"', False),
        ("else if .b", False),
        ('not if eq .a "}}"', True),
        ("range $x := .c", False),
        ("with $x", False),
        ("else", False),
    ]


def test_partials_consist_of_their_definitions() -> None:
    text = '{{ define "a" }}x{{ end }}'
    assert [block.what for block in blocks("templates/_a.tpl", text)] == ['define "a"']


def test_reports_take_over_the_trimming() -> None:
    text = "{{- if .a -}} x {{- end }}"
    found = list(enumerate(blocks("_a.tpl", text)))
    assert instrument(text, found) == (
        "{{- if .a -}}{{ reach 0 -}} x {{- else }}{{ reach 1 }}{{- end }}"
    )


def test_an_empty_branch_is_reported_before_its_opposite() -> None:
    text = "{{ if .a }}{{ end }}"
    found = list(enumerate(blocks("_a.tpl", text)))
    assert instrument(text, found) == "{{ if .a }}{{ reach 0 }}{{ else }}{{ reach 1 }}{{ end }}"


@pytest.mark.parametrize("text", ["{{ end }}", "{{ if .a }}", "{{ else }}"])
def test_what_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(ToolError, match=r"x\.yaml: "):
        blocks("x.yaml", text)
