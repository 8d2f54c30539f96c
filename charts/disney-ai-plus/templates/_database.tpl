{{- /*
How the database is reached: the one place that knows the difference between the release's own server
(db.mode internal) and the user's (external). The helpers take the top-level context.
*/ -}}

{{- /* Prints "true" where the release has its own server, or nothing. */ -}}
{{- define "database.internal" -}}
{{- if eq .Values.db.mode "internal" -}}true{{- end -}}
{{- end }}

{{- /* What every client needs to know, as a map: host, port, user, name, sslMode, caSecret. */ -}}
{{- define "database.access" -}}
{{- $db := .Values.db -}}
{{- if include "database.internal" . -}}
host: {{ include "names.of" (dict "root" . "name" "db") }}
port: {{ $db.port | int }}
user: disney_app
name: disney_app
sslMode: {{ $db.tls.enabled | ternary "verify-full" "disable" }}
caSecret: {{ $db.tls.enabled | ternary (include "database.tlsSecret" .) "" | quote }}
{{- else -}}
host: {{ $db.external.host | quote }}
port: {{ $db.external.port | int }}
user: {{ $db.external.user | quote }}
name: {{ $db.external.database | quote }}
sslMode: {{ $db.external.sslMode }}
caSecret: {{ $db.tls.caSecretName | quote }}
{{- end -}}
{{- end }}

{{- /* The Secret with the internal server's certificate. */ -}}
{{- define "database.tlsSecret" -}}
{{ .Values.db.tls.secretName | default (include "names.of" (dict "root" . "name" "db-tls")) }}
{{- end }}

{{- /* What the API connects to, as such a map: the pooler where there is one, or the server itself. */ -}}
{{- define "database.apiAccess" -}}
{{- include (.Values.pooler.enabled | ternary "pooler.access" "database.access") . -}}
{{- end }}

{{- /*
A connection URL with the password that secrets.inline holds: (dict "root" $ "access" $access), with a map
like the above.
*/ -}}
{{- define "database.url" -}}
{{- $access := .access -}}
{{- $query := list -}}
{{- if ne $access.sslMode "disable" -}}
  {{- $query = append $query (printf "sslmode=%s" $access.sslMode) -}}
{{- end -}}
{{- if $access.caSecret -}}
  {{- $query = append $query "sslrootcert=/etc/database-ca/ca.crt" -}}
{{- end -}}
{{- $credentials := printf "%s:%s"
      (include "database.percentEncode" $access.user)
      (include "database.percentEncode" .root.Values.secrets.inline.databasePassword) -}}
{{- $path := include "database.percentEncode" $access.name -}}
postgresql://{{ $credentials }}@{{ $access.host }}:{{ $access.port }}/{{ $path }}
{{- with $query }}?{{ join "&" . }}{{ end }}
{{- end }}

{{- /* Percent-encoding for one part of a URL. urlquery writes a space as "+", which is a plus here. */ -}}
{{- define "database.percentEncode" -}}
{{- . | urlquery | replace "+" "%20" -}}
{{- end }}

{{- /*
The volume and the mount with which a client checks the server's certificate, as maps by name. They take
such a map of access.
*/ -}}
{{- define "database.caVolume" -}}
{{- with .caSecret -}}
database-ca:
  secret:
    secretName: {{ . | quote }}
    items: [{key: ca.crt, path: ca.crt}]
{{- end -}}
{{- end }}

{{- define "database.caMount" -}}
{{- if .caSecret -}}
database-ca: {mountPath: /etc/database-ca, readOnly: true}
{{- end -}}
{{- end }}

{{- /* The environment of libpq's programs (psql, pg_dump), by name; the password is a Secret's. */ -}}
{{- define "database.libpq" -}}
{{- $access := include "database.access" . | fromYaml -}}
PGHOST: {{ $access.host | quote }}
PGPORT: {{ $access.port | quote }}
PGUSER: {{ $access.user | quote }}
PGDATABASE: {{ $access.name | quote }}
PGSSLMODE: {{ $access.sslMode }}
{{- if $access.caSecret }}
PGSSLROOTCERT: /etc/database-ca/ca.crt
{{- end }}
{{- end }}
