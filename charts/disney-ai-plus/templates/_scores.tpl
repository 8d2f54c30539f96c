{{- /*
Findings of kube-score that are decided otherwise here, each with its reason. They take a component.
*/ -}}

{{- define "scores.deployment" -}}
{{- /* Tags are immutable by promise, and IfNotPresent starts pods while the registry is down. */ -}}
{{- $ignored := list "container-image-pull-policy" -}}
{{- if eq .name "web" -}}
  {{- /* The web tier's one health endpoint depends on nothing, so it is right for both probes. */ -}}
  {{- $ignored = append $ignored "pod-probes-identical" -}}
{{- end -}}
{{- if eq .name "pooler" -}}
  {{- /* An open port is all that it can show without a login. */ -}}
  {{- $ignored = append $ignored "pod-probes-identical" -}}
{{- end -}}
{{- if le (include "rollout.minReplicas" . | int) 1 -}}
  {{- /* One replica is what was asked for, and a budget for one replica blocks drains. */ -}}
  {{- $ignored = append $ignored "deployment-has-poddisruptionbudget" -}}
{{- end -}}
kube-score/ignore: {{ join "," $ignored }}
{{- end }}

{{- define "scores.database" -}}
{{- /* As above. */ -}}
{{- $ignored := list "container-image-pull-policy" -}}
{{- /* There is one server: a budget could only block the drain of its node. */ -}}
{{- $ignored = append $ignored "statefulset-has-poddisruptionbudget" -}}
{{- /* It wants a headless Service, whose name goes with the pod (db/service.yaml). */ -}}
{{- $ignored = append $ignored "statefulset-has-servicename" -}}
{{- /* 999 is the postgres user of the official image, and owns the files on existing volumes. */ -}}
{{- $ignored = append $ignored "container-security-context-user-group-id" -}}
{{- /* The exporter's start page depends on nothing, so it is right for both of its probes. */ -}}
{{- $ignored = append $ignored "pod-probes-identical" -}}
kube-score/ignore: {{ join "," $ignored }}
{{- end }}

{{- /* Jobs and tests: (dict "user" 999 "stranger" true), with the user that their container runs as. */ -}}
{{- define "scores.job" -}}
{{- /* As above. */ -}}
{{- $ignored := list "container-image-pull-policy" -}}
{{- if eq (int .user) 999 -}}
  {{- /* As above. */ -}}
  {{- $ignored = append $ignored "container-security-context-user-group-id" -}}
{{- end -}}
{{- if .stranger -}}
  {{- /* Whether others turn it away is what it is there to find out. */ -}}
  {{- $ignored = append $ignored "pod-networkpolicy" -}}
{{- end -}}
kube-score/ignore: {{ join "," $ignored }}
{{- end }}
