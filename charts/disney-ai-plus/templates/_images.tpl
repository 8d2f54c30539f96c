{{- /*
An image reference: (dict "root" $ "image" .Values.api.image).

A digest wins over a tag. global.imageRegistry replaces the registry of the repository, or is put in
front of a repository that names none, so a mirror keeps the paths of the originals.
*/ -}}
{{- define "images.reference" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.global.imageRegistry -}}
  {{- $repository = printf "%s/%s" . (regexReplaceAll "^(localhost|[^/]*[.:][^/]*)/" $repository "") -}}
{{- end -}}
{{- if .image.digest -}}
{{ $repository }}@{{ .image.digest }}
{{- else -}}
{{ $repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- /* The two image lines of a container. */ -}}
{{- define "images.container" -}}
image: {{ include "images.reference" . | quote }}
imagePullPolicy: {{ .image.pullPolicy }}
{{- end }}
