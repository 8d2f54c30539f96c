"""The mistakes that are made in charts: each once, at its place, never outside of it."""

from __future__ import annotations

import json

import pytest

from tools.lab.operators import mutants

TEMPLATE = """\
{{- /* api is the name here. */ -}}
{{- if .Values.enabled }}
metadata:
  name: {{ .Values.api.name | quote }}
spec:
  ports:
    - port: 80
      name: http
    - port: 81
{{- range .Values.list }}
    - {{ printf "%s-%d" . 3 }}
{{- end }}
{{- end }}
"""


def made(file: str, text: str) -> dict[str, list[tuple[str, str]]]:
    """Return the changes by kind."""
    found: dict[str, list[tuple[str, str]]] = {}
    for mutant in mutants(file, text):
        found.setdefault(mutant.kind, []).append((mutant.before, mutant.after))
    return found


def test_templates() -> None:
    found = made("templates/x.yaml", TEMPLATE)
    assert ("{{- if .Values.enabled }}", "{{- if not (.Values.enabled) }}") in found[
        "condition flipped"
    ]
    assert ("{{- range .Values.list }}", "{{- range slice (list) 0 0 }}") in found["loop emptied"]
    assert ("name: http", "") in found["line deleted"]
    assert ("- port: 80 ⏎ name: http", "") in found["list entry dropped"]
    assert ("- port: 80", "- port: 81") in found["literal changed"]
    assert ('- {{ printf "%s-%d" . 3 }}', '- {{ printf "%s-%d" . 4 }}') in found["number changed"]
    assert ('- {{ printf "%s-%d" . 3 }}', '- {{ printf "%s-%dx" . 3 }}') in found["string changed"]
    name = "name: {{ .Values.api.name | quote }}"
    assert (name, "name: {{ .Values.web.name | quote }}") in found["name swapped"]
    assert (name, "name: {{ .Values.api.name }}") in found["step of a pipe dropped"]


def test_comments_and_what_opens_blocks_stay() -> None:
    for mutant in mutants("templates/x.yaml", TEMPLATE):
        assert "api is the name here" in mutant.text
        assert mutant.text.count("{{- end }}") == 2
        assert mutant.text != TEMPLATE


def test_lines_are_numbered_from_1() -> None:
    lines = {m.line for m in mutants("templates/x.yaml", TEMPLATE) if m.before == "name: http"}
    assert lines == {8}


def test_values() -> None:
    text = "# a: 1\na: 1\nb: {c: x}\nd:\n  e: true\nf: [1]\n"
    found = made("values.yaml", text)
    assert found["literal changed"] == [("a: 1", "a: 2"), ("e: true", "e: false")]
    assert ("# a: 1", "") not in found["line deleted"]


@pytest.mark.parametrize(
    ("keyword", "value", "after"),
    [
        ("minimum", 1, {"minimum": 0}),
        ("maxLength", 5, {"maxLength": 6}),
        ("additionalProperties", False, {"additionalProperties": True}),
        ("pattern", "^a$", {"pattern": ""}),
        ("required", ["a", "b"], {"required": ["b"]}),
        ("enum", ["a"], {"enum": ["a", "ax"]}),
    ],
)
def test_schemas_are_loosened(keyword: str, value: object, after: object) -> None:
    found = [json.loads(m.text) for m in mutants("s.json", json.dumps({keyword: value}))]
    assert after in found
