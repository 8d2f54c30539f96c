{{- /*
Names, addresses and ports.

Most helpers of this chart take a component:

  {{- $api := dict "root" $ "name" "api" "values" .Values.api }}

`root` is the top-level context, `name` one of api, web, db, migrate, backup and so on, and `values`
the component's values, which only the helpers for pods and replicas read.
*/ -}}

{{- /* The name of a component's objects: exactly api, web or db, unless namePrefix is set. */ -}}
{{- define "names.of" -}}
{{ .root.Values.namePrefix }}{{ .name }}
{{- end }}

{{- /* The number behind a container port's name: (dict "root" $ "component" "db" "port" "metrics"). */ -}}
{{- define "names.port" -}}
{{- $values := .root.Values -}}
{{- $port := printf "%s/%s" .component .port -}}
{{- if eq $port "db/postgres" -}}
{{- (include "database.access" .root | fromYaml).port | int -}}
{{- else -}}
{{- $ports := dict
      "api/http" $values.api.port
      "web/http" $values.web.port
      "pooler/postgres" $values.pooler.port
      "db/metrics" $values.db.exporter.port -}}
{{- get $ports $port | required (printf "no port %s" $port) | int -}}
{{- end -}}
{{- end }}

{{- define "names.tlsSecret" -}}
{{ .Values.edge.tls.secretName | default (include "names.of" (dict "root" . "name" "edge-tls")) }}
{{- end }}

{{- define "names.apiUrl" -}}
http://{{ include "names.of" (dict "root" . "name" "api") }}:{{ .Values.api.port }}
{{- end }}
