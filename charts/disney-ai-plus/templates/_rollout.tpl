{{- /* How many replicas, and how they are replaced. Each helper takes a component. */ -}}

{{- define "rollout.deployment" -}}
revisionHistoryLimit: 5
strategy:
  type: RollingUpdate
  rollingUpdate:
    # Capacity never drops during a rollout: new pods are ready before old ones go.
    maxUnavailable: 0
    maxSurge: 25%
{{- /* With an autoscaler this field is its own, and stating it here would fight over it. */}}
{{- if not .values.autoscaling.enabled }}
replicas: {{ include "rollout.replicas" .values }}
{{- end }}
{{- end }}

{{- /* The fixed number of replicas of a component without an autoscaler; takes its values. */ -}}
{{- define "rollout.replicas" -}}
{{ .replicas | default 2 }}
{{- end }}

{{- /* The replicas that are there even when idle. */ -}}
{{- define "rollout.minReplicas" -}}
{{ .values.autoscaling.enabled | ternary .values.autoscaling.minReplicas (include "rollout.replicas" .values) }}
{{- end }}

{{- /* The metrics and behaviour of an autoscaler; null switches a metric off. */ -}}
{{- define "rollout.autoscaling" -}}
minReplicas: {{ .minReplicas }}
maxReplicas: {{ .maxReplicas }}
metrics:
  {{- range $resource := list "cpu" "memory" }}
  {{- with get $ $resource }}
  - type: Resource
    resource:
      name: {{ $resource }}
      target:
        type: Utilization
        averageUtilization: {{ . }}
  {{- end }}
  {{- end }}
behavior:
  {{- toYaml .behavior | nindent 2 }}
{{- end }}
