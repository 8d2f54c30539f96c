{{- /*
The pods that dump and restore: (dict "component" $backup "script" "backup.sh"). They differ in their
script, and in the scratch volume that only the former needs.
*/ -}}
{{- define "backup.pod" -}}
{{- $component := .component -}}
metadata:
  {{- include "pod.metadata" (dict "component" $component "checksums" dict) | nindent 2 }}
spec:
  {{- include "pod.basics" $component | nindent 2 }}
  restartPolicy: Never
  securityContext:
    {{- include "pod.security" 999 | nindent 4 }}
    fsGroup: 999
    fsGroupChangePolicy: OnRootMismatch
  containers:
    - name: {{ $component.name }}
      {{- include "images.container" (dict "root" $component.root "image" $component.root.Values.db.image) | nindent 6 }}
      command: [sh, /etc/backup/{{ .script }}]
      env:
        {{- include "backup.environment" $component | trim | nindent 8 }}
      resources:
        {{- toYaml $component.values.resources | nindent 8 }}
      securityContext:
        {{- include "pod.containerSecurity" . | nindent 8 }}
      terminationMessagePolicy: FallbackToLogsOnError
      volumeMounts:
        {{- include "env.namedList" (include "backup.mounts" . | fromYaml) | trim | nindent 8 }}
  volumes:
    {{- include "env.namedList" (include "backup.volumes" . | fromYaml) | trim | nindent 4 }}
{{- end }}

{{- define "backup.environment" -}}
{{- $db := dict "root" .root "name" "db" -}}
{{- $password := dict "secretKeyRef" (dict "name" (include "secrets.name" $db) "key" "POSTGRES_PASSWORD") -}}
{{- $libpq := include "database.libpq" .root | fromYaml -}}
{{- include "env.list" (dict "component" $db "extra" (merge (dict
      "PGPASSWORD" (dict "valueFrom" $password)
      "KEEP" (.values.keep | int | toString)) $libpq)) }}
{{- end }}

{{- define "backup.mounts" -}}
backups: {mountPath: /backups}
scripts: {mountPath: /etc/backup, readOnly: true}
tmp: {mountPath: /tmp}
{{- if eq .script "backup.sh" }}
scratch: {mountPath: /scratch}
{{- end }}
{{ include "database.caMount" (include "database.access" .component.root | fromYaml) }}
{{- end }}

{{- define "backup.volumes" -}}
{{- $root := .component.root -}}
{{- $values := .component.values -}}
backups:
  persistentVolumeClaim:
    claimName: {{ include "names.of" (dict "root" $root "name" "backup") }}
scripts:
  configMap:
    name: {{ include "names.of" (dict "root" $root "name" "backup") }}
tmp:
  emptyDir: {sizeLimit: 64Mi}
{{- if eq .script "backup.sh" }}
# Gone with the pod.
scratch:
  ephemeral:
    volumeClaimTemplate:
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $values.storage.storageClassName }}
        storageClassName: {{ . | quote }}
        {{- end }}
        resources:
          requests:
            storage: {{ $values.scratch.size }}
{{- end }}
{{ include "database.caVolume" (include "database.access" $root | fromYaml) }}
{{- end }}
