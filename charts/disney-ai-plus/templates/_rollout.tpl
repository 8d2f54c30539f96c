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
{{- if not (include "rollout.scales" .values) }}
replicas: {{ include "rollout.replicas" .values }}
{{- end }}
{{- end }}

{{- /* Whether an autoscaler decides, which not every component has; takes its values. Prints "true" or nothing. */ -}}
{{- define "rollout.scales" -}}
{{- if dig "autoscaling" "enabled" false . -}}true{{- end -}}
{{- end }}

{{- /* The fixed number of replicas of a component without an autoscaler; takes its values. */ -}}
{{- define "rollout.replicas" -}}
{{ .replicas | default 2 }}
{{- end }}

{{- /* The replicas that are there even when idle. */ -}}
{{- define "rollout.minReplicas" -}}
{{- if include "rollout.scales" .values -}}
{{ .values.autoscaling.minReplicas }}
{{- else -}}
{{ include "rollout.replicas" .values }}
{{- end -}}
{{- end }}

{{- /* With a single replica a budget could only block the drain of its node, so there is none. */ -}}
{{- define "rollout.disruptionBudget" -}}
{{- if and .values.pdb.enabled (gt (include "rollout.minReplicas" . | int) 1) -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "labels.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .values.pdb.maxUnavailable }}
  {{- if include "kubernetes.has" (dict "root" .root "feature" "evictUnhealthyPods") }}
  # A pod that is broken anyway must not keep a node from being drained.
  unhealthyPodEvictionPolicy: AlwaysAllow
  {{- end }}
  selector:
    matchLabels:
      {{- include "labels.selector" . | nindent 6 }}
{{- end }}
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
