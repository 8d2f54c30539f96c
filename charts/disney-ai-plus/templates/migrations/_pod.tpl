{{- /* The pod of the migrations. It takes the component `migrate`. */ -}}
{{- define "migrations.pod" -}}
{{- $api := dict "root" .root "name" "api" -}}
{{- /* Another database is in need of migrations, too. */ -}}
{{- $checksums := dict "secret" (include "secrets.data" $api) -}}
{{- /* The server itself: what a session holds, like the lock of the migrations, is lost on a pooler. */ -}}
{{- $access := include "database.access" .root | fromYaml -}}
{{- $environment := dict "MIGRATE_DEADLINE_SECONDS" (.values.deadlineSeconds | int | toString) -}}
metadata:
  {{- include "pod.metadata" (dict "component" . "checksums" $checksums) | nindent 2 }}
spec:
  {{- include "pod.basics" . | nindent 2 }}
  # A failed pod stays, with its log.
  restartPolicy: Never
  securityContext:
    {{- include "pod.security" 10001 | nindent 4 }}
  containers:
    - name: migrate
      {{- include "images.container" (dict "root" .root "image" .root.Values.api.image) | nindent 6 }}
      command: [node, src/migrate.js]
      env:
        {{- include "env.list" (dict
              "component" $api
              "secret" (list "DATABASE_URL")
              "extra" (merge (dict) .values.extraEnv $environment)) | trim | nindent 8 }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      securityContext:
        {{- include "pod.containerSecurity" . | nindent 8 }}
      # The last lines of its log become the reason that Kubernetes gives for a failure.
      terminationMessagePolicy: FallbackToLogsOnError
      {{- with include "database.caMount" $access | fromYaml }}
      volumeMounts:
        {{- include "env.namedList" . | trim | nindent 8 }}
      {{- end }}
  {{- with include "database.caVolume" $access | fromYaml }}
  volumes:
    {{- include "env.namedList" . | trim | nindent 4 }}
  {{- end }}
{{- end }}
