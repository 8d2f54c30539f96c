{{- /* What PgBouncer reads, without any credential. It takes the top-level context. */ -}}
{{- define "pooler.config" -}}
{{- range list "start.sh" "credentials.mjs" }}
{{ . }}: |
  {{- $.Files.Get (printf "files/pooler/%s" .) | nindent 2 }}
{{- end }}
pgbouncer.ini: |
  {{- include "pooler.ini" . | nindent 2 }}
{{- end }}

{{- define "pooler.ini" -}}
{{- $server := include "database.access" . | fromYaml -}}
{{- $size := .Values.pooler.poolSize | int -}}
[databases]
; Whatever name a client says, since a key cannot hold every name.
* = host={{ $server.host }} port={{ $server.port }} dbname='{{ $server.name | replace "'" "''" }}'

[pgbouncer]
listen_addr = *
listen_port = {{ .Values.pooler.port | int }}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /run/pooler/userlist.txt
pool_mode = transaction
default_pool_size = {{ $size }}
max_user_connections = {{ $size }}
; All that the API may open, should one replica be left.
max_client_conn = {{ (include "budget.api" . | fromYaml).connections }}
server_tls_sslmode = {{ $server.sslMode }}
server_tls_ca_file = {{ empty $server.caSecret | ternary "/run/pooler/public-authorities.crt" "/etc/database-ca/ca.crt" }}
{{- if include "pooler.tlsSecret" . }}
client_tls_sslmode = require
client_tls_cert_file = /etc/pooler-tls/tls.crt
client_tls_key_file = /etc/pooler-tls/tls.key
; No client is asked for a certificate, but PgBouncer loads authorities all the same, and an image may have none.
client_tls_ca_file = /run/pooler/public-authorities.crt
{{- end }}
{{- range $name, $value := .Values.pooler.settings }}
{{ $name }} = {{ $value }}
{{- end }}
{{- end }}
