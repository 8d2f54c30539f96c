{{- /*
Labels. Three sets, because they may change at different times:
  selector  never: selectors are immutable
  pod       when the user's podLabels change; no version, or a chart upgrade would restart every pod
  metadata  with every chart version
*/ -}}

{{- define "labels.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- /* All pods of the release, of whatever component. */ -}}
{{- define "labels.release" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "labels.pod" -}}
{{- $own := include "labels.selector" . | fromYaml -}}
{{- /* The selector's labels win: a pod that lost them would be nobody's. */ -}}
{{- toYaml (merge $own .values.podLabels) -}}
{{- end }}

{{- /* Labels of objects that belong to the release as a whole. */ -}}
{{- define "labels.common" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "labels.release" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ .Chart.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* The metadata of a component's objects. */ -}}
{{- define "labels.metadata" -}}
name: {{ include "names.of" . }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- include "labels.common" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .name }}
{{- end }}
