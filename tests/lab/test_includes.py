"""The renderer remembers what includes came to, and still prints what Helm prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.lab.engine import Request, engine
from tools.lab.program import Program

HELPERS = """\
{{- define "name" }}{{ .Values.name }}{{ end }}
{{- define "file" }}{{ .Template.Name | base }} {{ index . "Template" "BasePath" | base }}{{ end }}
{{- define "all" }}{{ omit . "Files" "Capabilities" "Chart" | toJson }}{{ end }}
{{- define "hashed" }}{{ omit . "Files" | toRawJson | sha256sum }}{{ end }}
{{- define "printed" }}{{ omit . "Files" "Capabilities" "Chart" | toString | sha256sum }}{{ end }}
{{- define "yaml" }}{{ omit . "Files" "Capabilities" "Chart" | toYaml | sha256sum }}{{ end }}
{{- define "toml" }}{{ omit . "Files" "Capabilities" "Chart" | toToml | sha256sum }}{{ end }}
{{- define "ranged" }}{{ range omit . "Files" "Capabilities" }}{{ print .Name | sha1sum }}{{ end }}
{{- end }}
{{- define "of" }}{{ .root.Values.name }}-{{ .name }}-{{ toJson .more }}{{ end }}
{{- define "count" }}{{ $_ := set . "n" (add1 .n) }}{{ .n }}{{ end }}
{{- define "rename" }}{{ $_ := set .Values "name" "changed" }}{{ end }}
{{- define "through" }}{{ include "count" . }}{{ template "count" . }}{{ end }}
{{- define "chosen" }}{{ include .name .root }}{{ end }}
{{- define "templated" }}{{ tpl "{{ .Template.Name }}" . }}{{ end }}
{{- define "merged" }}{{ merge . (dict "more" "b") | toJson }}{{ end }}
{{- define "deep" }}{{ .inner.list | toJson }}{{ end }}
"""
# Each twice: the second time is the one that may be remembered.
LINES = """\
name: {{ include "name" . }}
file: {{ include "file" . }}
all: {{ include "all" . }}
hashed: {{ include "hashed" . }}
printed: {{ include "printed" . }}
yaml: {{ include "yaml" . }}
toml: {{ include "toml" . }}
ranged: {{ include "ranged" . }}
of: {{ include "of" (dict "root" $ "name" "a" "more" (list 1 "1" 1.5 true nil)) }}
other: {{ include "of" (dict "root" $ "name" "a" "more" (list "1" 1 1.5 true nil)) }}
values: {{ include "of" (dict "root" (dict "Values" .Values) "name" "a" "more" .Values.map) }}
none: {{ include "of" (dict "root" $ "name" "" "more" dict) }}
empty: {{ include "of" (dict "root" $ "name" "" "more" list) }}
chosen: {{ include "chosen" (dict "root" $ "name" "file") }}
templated: {{ include "templated" . }}
"""
COUNTED = """\
{{- $counter := dict "n" 0 }}
counted: {{ include "count" $counter }}{{ include "count" $counter }}
through: {{ include "through" $counter }}
again: {{ include "count" (dict "n" 0) }}{{ include "count" (dict "n" 0) }}
{{- $more := dict "more" nil }}
merged: {{ include "merged" $more }} {{ include "merged" $more }} {{ $more | toJson }}
{{- $inner := dict "list" (list 1) }}
deep: {{ include "deep" (dict "inner" $inner) }}
{{- $_ := set $inner "list" (list 2) }}
deeper: {{ include "deep" (dict "inner" $inner) }}
"""
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: includes\nversion: 0.1.0\n",
    "values.yaml": "name: a\nmap: {b: [c, {d: e}]}\n",
    "templates/_helpers.tpl": HELPERS,
}


def chart(folder: Path, texts: list[str], helpers: str = HELPERS) -> Path:
    """Make a chart whose templates print these texts, each indented in a YAML document."""
    files = {**CHART, "templates/_helpers.tpl": helpers}
    for number, text in enumerate(texts):
        lines = "".join(f"  {line}\n" for line in text.splitlines())
        files[f"templates/{number}.yaml"] = f"text: |\n  begin\n{lines}"
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def renders_alike(folder: Path) -> None:
    program = Program("helm")
    ours, theirs = engine().load(folder), program.load(folder)
    for values in ({}, {"name": "b"}, {"map": {"b": None}}):
        request = Request.of(values)
        assert engine().text(ours, request) == program.text(theirs, request)


def test_of_a_chart_full_of_tricks(tmp_path: Path) -> None:
    rename = '{{ include "rename" . }}\n'
    renders_alike(chart(tmp_path, [LINES + LINES, LINES + COUNTED, LINES + rename + LINES]))


@pytest.mark.parametrize("line", LINES.splitlines())
def test_of_each_trick_by_itself(tmp_path: Path, line: str) -> None:
    renders_alike(chart(tmp_path, [f"{line}\n{line}\n"] * 2))


def test_of_arguments_that_change(tmp_path: Path) -> None:
    renders_alike(chart(tmp_path, [COUNTED + COUNTED]))


def test_what_is_random_stays_random(tmp_path: Path) -> None:
    helpers = '{{ define "name" }}{{ randAlphaNum 30 }}{{ end }}'
    folder = chart(tmp_path, ['name: {{ include "name" . }}'] * 2, helpers)
    text = engine().text(engine().load(folder), Request.of({}))
    assert len({line for line in text.splitlines() if "name: " in line}) == 2
