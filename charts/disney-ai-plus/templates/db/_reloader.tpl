{{- /* Makes the server read a renewed certificate: files/db/reload-certificate.sh. */ -}}
{{- define "db.reloader" -}}
- name: reloader
  {{- include "images.container" (dict "root" .root "image" .values.image) | nindent 2 }}
  command: [sh, /etc/reloader/reload-certificate.sh]
  env:
    {{- include "env.list" (dict "component" . "extra" (dict
          "PGHOST" "/var/run/postgresql"
          "PGPORT" (.values.port | int | toString)
          "PGUSER" "postgres"
          "RELOAD_SECONDS" (.values.tls.reloadSeconds | int | toString))) | trim | nindent 4 }}
  resources:
    {{- toYaml .values.tls.reloader.resources | nindent 4 }}
  securityContext:
    {{- include "pod.containerSecurity" . | nindent 4 }}
  volumeMounts:
    - name: certificate
      mountPath: /etc/postgresql-tls
      readOnly: true
    - name: reloader
      mountPath: /etc/reloader
      readOnly: true
    - name: socket
      mountPath: /var/run/postgresql
      readOnly: true
{{- end }}
