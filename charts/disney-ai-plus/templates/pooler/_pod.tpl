{{- /* The containers of the pooler, and what they mount. They take the component `pooler`. */ -}}

{{- /* Writes what PgBouncer must know of DATABASE_URL, with the API's image: files/pooler/credentials.mjs. */ -}}
{{- define "pooler.credentials" -}}
{{- $api := dict "root" .root "name" "api" -}}
- name: credentials
  {{- include "images.container" (dict "root" .root "image" .root.Values.api.image) | nindent 2 }}
  command: [node, /etc/pooler/credentials.mjs]
  env:
    {{- include "env.list" (dict "component" $api "secret" (list "DATABASE_URL")) | trim | nindent 4 }}
  resources:
    {{- toYaml .values.credentials.resources | nindent 4 }}
  securityContext:
    {{- include "pod.containerSecurity" . | nindent 4 }}
  # Its sentence becomes the reason that `kubectl describe` shows.
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - name: config
      mountPath: /etc/pooler
      readOnly: true
    - name: credentials
      mountPath: /run/pooler
{{- end }}

{{- define "pooler.server" -}}
- name: pgbouncer
  {{- include "images.container" (dict "root" .root "image" .values.image) | nindent 2 }}
  command: [sh, /etc/pooler/start.sh]
  env:
    - name: RELOAD_SECONDS
      value: {{ .root.Values.db.tls.reloadSeconds | int | quote }}
  ports:
    - name: postgres
      containerPort: {{ .values.port }}
  {{- range $kind, $probe := .values.probes }}
  {{ $kind }}Probe:
    tcpSocket:
      port: postgres
    {{- toYaml $probe | nindent 4 }}
  {{- end }}
  lifecycle:
    preStop:
      exec:
        # Until the endpoint has left the load balancers. SIGTERM then closes the port, and PgBouncer ends
        # when its last client has left.
        command: [sleep, {{ .values.drain.preStopSeconds | quote }}]
  resources:
    {{- toYaml .values.resources | nindent 4 }}
  securityContext:
    {{- include "pod.containerSecurity" . | nindent 4 }}
  volumeMounts:
    {{- include "env.namedList" (include "pooler.mounts" . | fromYaml) | trim | nindent 4 }}
{{- end }}

{{- define "pooler.mounts" -}}
config: {mountPath: /etc/pooler, readOnly: true}
credentials: {mountPath: /run/pooler, readOnly: true}
{{- if include "pooler.tlsSecret" .root }}
certificate: {mountPath: /etc/pooler-tls, readOnly: true}
{{- end }}
{{ include "database.caMount" (include "database.access" .root | fromYaml) }}
{{- end }}

{{- define "pooler.volumes" -}}
config:
  configMap:
    name: {{ include "names.of" . }}
# The password: in memory, gone with the pod.
credentials:
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
{{- with include "pooler.tlsSecret" .root }}
certificate:
  secret:
    secretName: {{ . | quote }}
    # The group is the pod's fsGroup.
    defaultMode: 0440
    items: [{key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]
{{- end }}
{{ include "database.caVolume" (include "database.access" .root | fromYaml) }}
{{- end }}
