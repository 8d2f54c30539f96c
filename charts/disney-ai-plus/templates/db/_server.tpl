{{- /* The PostgreSQL container: the contract of the official image, with the chart's own access rules. */ -}}
{{- define "db.server" -}}
- name: postgres
  {{- include "images.container" (dict "root" .root "image" .values.image) | nindent 2 }}
  # The image's own entry point, kept from starting a second server on the volume.
  command: [sh, /etc/guard/alone.sh, docker-entrypoint.sh]
  args:
    - postgres
    - --hba_file=/etc/postgresql/pg_hba.conf
    - --max_connections={{ .values.maxConnections | int }}
    {{- if .values.tls.enabled }}
    - --ssl=on
    - --ssl_cert_file=/etc/postgresql-tls/tls.crt
    - --ssl_key_file=/etc/postgresql-tls/tls.key
    {{- end }}
    {{- range $name, $value := .values.settings }}
    - {{ printf "--%s=%s" $name $value | quote }}
    {{- end }}
  ports:
    - name: postgres
      containerPort: {{ .values.port }}
  env:
    {{- include "env.list" (dict
          "component" .
          "secret" (list "POSTGRES_PASSWORD")
          "extra" (merge (dict) .values.extraEnv (include "db.environment" . | fromYaml))) | trim | nindent 4 }}
  {{- include "db.probes" . | nindent 2 }}
  lifecycle:
    preStop:
      exec:
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for clients until SIGKILL. The
        # official image asks for SIGINT itself (STOPSIGNAL); this holds for every other image too,
        # and a signal that comes twice does nothing more.
        command: [sh, -c, kill -INT 1]
  resources:
    {{- toYaml .values.resources | nindent 4 }}
  securityContext:
    {{- include "pod.containerSecurity" . | nindent 4 }}
  volumeMounts:
    {{- include "env.volumes" (dict
          "own" (include "db.mounts" . | fromYaml)
          "extra" .values.extraVolumeMounts) | trim | nindent 4 }}
{{- end }}

{{- define "db.environment" -}}
POSTGRES_USER: postgres
POSTGRES_INITDB_ARGS: --data-checksums
{{ include "db.layout" . }}
# The server listens on it, and pg_isready and psql inside the pod use it.
PGPORT: {{ .values.port | int | quote }}
{{- end }}

{{- /*
While the volume is initialised a temporary server listens on the socket only, so probes over TCP
mean the real one. The liveness probe fails when nothing answers (exit code 2), but not while the
server answers that it is recovering (1): a restart would only start the recovery again.
*/ -}}
{{- define "db.probes" -}}
{{- $ready := "pg_isready --host=127.0.0.1 --username=disney_app --dbname=disney_app --timeout=3" -}}
startupProbe:
  exec:
    command: [{{ splitList " " $ready | join ", " }}]
  {{- toYaml .values.probes.startup | nindent 2 }}
readinessProbe:
  exec:
    command: [{{ splitList " " $ready | join ", " }}]
  {{- toYaml .values.probes.readiness | nindent 2 }}
livenessProbe:
  exec:
    command: [sh, -c, "{{ $ready }}; [ $? -lt 2 ]"]
  {{- toYaml .values.probes.liveness | nindent 2 }}
{{- end }}

{{- define "db.mounts" -}}
data: {mountPath: /var/lib/postgresql}
guard: {mountPath: /etc/guard, readOnly: true}
access: {mountPath: /etc/postgresql, readOnly: true}
initdb: {mountPath: /docker-entrypoint-initdb.d, readOnly: true}
socket: {mountPath: /var/run/postgresql}
shared-memory: {mountPath: /dev/shm}
tmp: {mountPath: /tmp}
{{- if .values.tls.enabled }}
certificate: {mountPath: /etc/postgresql-tls, readOnly: true}
{{- end }}
{{- end }}

{{- define "db.volumes" -}}
access:
  configMap:
    name: {{ include "names.of" . }}
    items: [{key: pg_hba.conf, path: pg_hba.conf}]
initdb:
  configMap:
    name: {{ include "names.of" . }}
    # Executable, or the image's entry point would source it and inherit its shell options.
    defaultMode: 0555
    items: [{key: initdb.sh, path: initdb.sh}]
guard:
  configMap:
    name: {{ include "names.of" . }}
    items: [{key: guard.sh, path: guard.sh}, {key: alone.sh, path: alone.sh}]
socket:
  emptyDir: {sizeLimit: 1Mi}
# Parallel queries exchange rows through it; the 64 MiB of the container runtime are soon too small.
shared-memory:
  emptyDir: {medium: Memory, sizeLimit: {{ .values.sharedMemory }}}
tmp:
  emptyDir: {sizeLimit: 64Mi}
{{- if .values.tls.enabled }}
certificate:
  secret:
    secretName: {{ include "database.tlsSecret" .root | quote }}
    # PostgreSQL refuses a key that others may read; the group is the pod's fsGroup.
    defaultMode: 0440
    items: [{key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]
reloader:
  configMap:
    name: {{ include "names.of" . }}
    items: [{key: reload-certificate.sh, path: reload-certificate.sh}]
{{- end }}
{{- end }}
