{{- /*
The metrics sidecar. It comes in over the socket, as a role that needs no password there. Its probes
ask for the start page, which does not touch the database: a server that is down must show as
pg_up 0, not as a restarting exporter.
*/ -}}
{{- define "db.exporter" -}}
{{- $exporter := .values.exporter -}}
{{- $source := printf "user=disney_exporter host=/var/run/postgresql port=%d dbname=disney_app sslmode=disable" (.values.port | int) -}}
- name: exporter
  {{- include "images.container" (dict "root" .root "image" $exporter.image) | nindent 2 }}
  args:
    - --web.listen-address=:{{ $exporter.port | int }}
  ports:
    - name: metrics
      containerPort: {{ $exporter.port }}
  env:
    - name: DATA_SOURCE_NAME
      value: {{ $source | quote }}
  {{- include "pod.httpProbes" (dict "probes" $exporter.probes "port" "metrics") | trim | nindent 2 }}
  resources:
    {{- toYaml $exporter.resources | nindent 4 }}
  securityContext:
    {{- include "pod.containerSecurity" . | nindent 4 }}
    runAsUser: 65534
    runAsGroup: 65534
  volumeMounts:
    - name: socket
      mountPath: /var/run/postgresql
      readOnly: true
{{- end }}
