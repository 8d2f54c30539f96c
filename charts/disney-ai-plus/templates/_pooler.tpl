{{- /*
PgBouncer between the API and the database: how the API reaches it, and how long its clients stay. The
helpers take the top-level context.
*/ -}}

{{- /* Like database.access (_database.tpl): what the API needs to know. */ -}}
{{- define "pooler.access" -}}
{{- $server := include "database.access" . | fromYaml -}}
{{- $secret := include "pooler.tlsSecret" . -}}
host: {{ include "names.of" (dict "root" . "name" "pooler") }}
port: {{ .Values.pooler.port | int }}
user: {{ $server.user | quote }}
name: {{ $server.name | quote }}
sslMode: {{ empty $secret | ternary "disable" "verify-full" }}
caSecret: {{ $secret | quote }}
{{- end }}

{{- /* The Secret with the certificate that clients check; nothing where the API comes without TLS. */ -}}
{{- define "pooler.tlsSecret" -}}
{{- $own := .Values.pooler.tls.secretName -}}
{{- if or $own .Values.db.tls.enabled -}}
{{ $own | default (include "names.of" (dict "root" . "name" "pooler-tls")) }}
{{- end -}}
{{- end }}

{{- /* Whether cert-manager is to fill that Secret. Prints "true" or nothing. */ -}}
{{- define "pooler.certified" -}}
{{- $tls := .Values.db.tls -}}
{{- if and $tls.enabled $tls.issuer.name (not .Values.pooler.tls.secretName) -}}true{{- end -}}
{{- end }}

{{- /*
How long the API may keep a connection, in seconds: PgBouncer ends when its last client has left, so all
of them must have left by themselves before SIGKILL. The API gives up on a query after 10 seconds.
*/ -}}
{{- define "pooler.connectionSeconds" -}}
{{- $drain := .Values.pooler.drain -}}
{{- sub $drain.gracePeriodSeconds (add $drain.preStopSeconds 10) -}}
{{- end }}
