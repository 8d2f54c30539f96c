{{- /* Looks at the volume before the server does (files/db/guard.sh), and only when no other server has it (alone.sh). */ -}}
{{- define "db.guard" -}}
- name: guard
  {{- include "images.container" (dict "root" .root "image" .values.image) | nindent 2 }}
  command: [sh, /etc/guard/alone.sh, sh, /etc/guard/guard.sh]
  env:
    {{- include "env.list" (dict "component" . "extra" (include "db.layout" . | fromYaml)) | trim | nindent 4 }}
  resources:
    {{- toYaml .values.guard.resources | nindent 4 }}
  securityContext:
    {{- include "pod.containerSecurity" . | nindent 4 }}
  # Its sentence becomes the reason that `kubectl describe` shows.
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - name: data
      mountPath: /var/lib/postgresql
    - name: guard
      mountPath: /etc/guard
      readOnly: true
{{- end }}

{{- /* Where the data is on the volume. The major version is in the path, so that another major never starts on these files. */ -}}
{{- define "db.layout" -}}
PGMAJOR: {{ .values.major | int | quote }}
PGDATA: /var/lib/postgresql/{{ .values.major | int }}/docker
# There from the guard's first visit to an empty volume until initdb.sh has done its last step.
INITIALISING: /var/lib/postgresql/initialising
{{- end }}
