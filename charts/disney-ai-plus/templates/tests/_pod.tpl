{{- /*
A pod of `helm test`: (dict "component" $test "check" "web" "image" .Values.web.image "user" 10001
"container" (dict "command" ... "env" ...)). It runs one of the release's own images.
*/ -}}
{{- define "tests.pod" -}}
{{- $component := .component -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "names.of" (dict "root" $component.root "name" (printf "test-%s" .check)) }}
  namespace: {{ $component.root.Release.Namespace | quote }}
  labels:
    {{- .labels | default (include "labels.pod" $component) | nindent 4 }}
  annotations:
    {{- $own := include "scores.job" (dict "user" .user "stranger" .labels) | fromYaml }}
    {{- toYaml (merge (dict "helm.sh/hook" "test" "helm.sh/hook-delete-policy" "before-hook-creation") $own $component.values.podAnnotations) | nindent 4 }}
spec:
  {{- include "pod.basics" $component | nindent 2 }}
  restartPolicy: Never
  activeDeadlineSeconds: 120
  securityContext:
    {{- include "pod.security" .user | nindent 4 }}
  containers:
    - name: {{ .check }}
      {{- include "images.container" (dict "root" $component.root "image" .image) | nindent 6 }}
      {{- toYaml .container | nindent 6 }}
      resources:
        {{- toYaml $component.values.resources | nindent 8 }}
      securityContext:
        {{- include "pod.containerSecurity" . | nindent 8 }}
      terminationMessagePolicy: FallbackToLogsOnError
{{- end }}
