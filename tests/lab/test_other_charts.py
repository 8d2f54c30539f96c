"""The lab renders other people's charts as Helm does, and counts what of them is reached."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tools import golang
from tools.lab.coverage import Templates, totals
from tools.lab.engine import RenderError, Request, engine
from tools.lab.helm import Helm
from tools.lab.program import Program
from tools.versions import module

# Public charts whose source comes with a Go module; the values turn on what is off by default.
PUBLIC: dict[str, tuple[str, dict[str, Any]]] = {
    "cert-manager": (
        "deploy/charts/cert-manager",
        {"crds": {"enabled": True}, "prometheus": {"servicemonitor": {"enabled": True}}},
    ),
    "metrics-server": ("charts/metrics-server", {"apiService": {"insecureSkipTLSVerify": False}}),
    "sealed-secrets": ("helm/sealed-secrets", {"metrics": {"serviceMonitor": {"enabled": True}}}),
    "local-path-provisioner": ("deploy/chart/local-path-provisioner", {"replicaCount": 2}),
}

# Everything that a chart can be made of.
PARENT = {
    "Chart.yaml": """\
apiVersion: v2
name: parent
version: 0.1.0
kubeVersion: ">=1.25.0-0"
dependencies:
  - {name: child, version: 0.1.0, condition: child.enabled}
  - {name: child, version: 0.1.0, alias: second, tags: [more]}
""",
    "values.yaml": """\
name: a
list: [1, 2]
child: {enabled: true, own: parent}
tags: {more: false}
""",
    "values.schema.json": '{"type": "object", "properties": {"name": {"type": "string"}}}',
    ".helmignore": "ignored.txt\n",
    "ignored.txt": "nobody reads this",
    "files/text.txt": "two\nlines\n",
    "crds/thing.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: crd}\n",
    "templates/_helpers.tpl": '{{ define "parent.name" }}{{ .Values.name }}-x{{ end }}',
    "templates/config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "parent.name" . }}
  annotations:
    api: {{ .Capabilities.APIVersions.Has "example.org/v1" | quote }}
    version: {{ .Capabilities.KubeVersion.Minor | quote }}
    upgrade: {{ .Release.IsUpgrade | quote }}
    ignored: {{ .Files.Get "ignored.txt" | quote }}
data:
  text: |
    {{- .Files.Get "files/text.txt" | nindent 4 }}
  tpl: {{ tpl "{{ .Values.name }}" . | quote }}
  again: {{ toYaml .Values.list | quote }}
{{- range .Values.list }}
---
apiVersion: v1
kind: Secret
metadata: {name: "secret-{{ . }}"}
{{- end }}
""",
    "templates/hook.yaml": """\
apiVersion: batch/v1
kind: Job
metadata:
  name: hook
  annotations: {helm.sh/hook: "pre-install,post-upgrade", helm.sh/hook-weight: "2"}
""",
    "templates/tests/pod.yaml": """\
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
""",
    "templates/unknown.yaml": "kind: Zebra\napiVersion: example.org/v1\nmetadata: {name: z}\n",
    "templates/NOTES.txt": "{{ .Release.Name }} in {{ .Release.Namespace }}\n",
    "charts/child/Chart.yaml": "apiVersion: v2\nname: child\nversion: 0.1.0\n",
    "charts/child/values.yaml": "own: child\nglobal: {shared: 0}\n",
    "charts/child/values.schema.json": '{"properties": {"own": {"type": "string"}}}',
    "charts/child/templates/config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Chart.Name }}}
data: {own: {{ .Values.own | quote }}, shared: {{ .Values.global.shared | quote }}}
""",
    "charts/child/templates/NOTES.txt": "not shown\n",
}
REQUESTS = [
    Request.of({}),
    Request.of({"child": {"enabled": False}}),
    Request.of({"tags": {"more": True}, "second": {"own": "2"}, "global": {"shared": 1}}),
    Request.of({"name": 1}),
    Request.of({"child": {"own": 1}}),
    Request.of({"list": []}, release="other", namespace="elsewhere", upgrade=True),
    Request.of({}, kube_version="1.30", api_versions=("example.org/v1",)),
    Request.of({}, kube_version="1.24"),
    Request.of({}, release="Not A Name"),
]


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart above, in a folder."""
    folder = tmp_path_factory.mktemp("charts") / "parent"
    for name, text in PARENT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def outcome(with_engine: Any, chart: Path, request: Request) -> tuple[str, str]:
    """Return what is printed, and the notes where Helm tells them; or the refusal."""
    number = with_engine.load(chart)
    try:
        text = with_engine.text(number, request)
    except RenderError as error:
        return "", str(error)
    told = not request.upgrade and not with_engine.name.startswith("helm3")
    return text, with_engine.notes(number, request) if told else ""


@pytest.mark.parametrize("program", ["helm", "helm3"])
@pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))
def test_a_chart_of_everything(parent: Path, program: str, request_: Request) -> None:
    ours = outcome(engine(program), parent, request_)
    theirs = outcome(Program(program), parent, request_)
    assert ours == theirs


def test_a_dependency_is_switched_off_for_one_render_only(parent: Path) -> None:
    render = partial(Helm(parent).render, valid=False)  # nobody knows a Zebra
    assert render(values={}).has("ConfigMap", "child")
    assert not render(values={"child": {"enabled": False}}).has("ConfigMap", "child")
    assert render(values={"name": "b"}).has("ConfigMap", "child")


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("program", ["helm", "helm3"])
def test_public_charts(name: str, program: str) -> None:
    folder, values = PUBLIC[name]
    chart = golang.source(module(name)) / folder
    for request in (Request.of({}), Request.of(values, kube_version="1.30")):
        text, _ = outcome(engine(program), chart, request)
        assert len(text) > 1000
        assert (text, _) == outcome(Program(program), chart, request)


@pytest.mark.parametrize("name", PUBLIC)
def test_counting_changes_nothing(name: str) -> None:
    folder, values = PUBLIC[name]
    helm = Helm(golang.source(module(name)) / folder)
    templates = Templates.of(helm.chart)
    counting = helm.changed(templates.instrumented())
    for given in ({}, values):
        assert counting.text(values=given) == helm.text(values=given)
        templates.reached |= counting.rendered(Request.of(given, kube_version="1.37")).reached
    (_, (whole, reached)) = totals(templates.coverage())
    assert 0 < reached < whole
