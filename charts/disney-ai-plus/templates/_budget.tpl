{{- /*
The connection budget: what all who may be connected at once need, against db.maxConnections. Each
helper takes the top-level context.
*/ -}}

{{- /*
The sum, as a map. During a rollout up to a quarter more pods are there (maxSurge, _rollout.tpl), and
as many old ones still drain; each holds up to a pool of connections.
*/ -}}
{{- define "budget.sum" -}}
{{- $api := .Values.api -}}
{{- $replicas := $api.autoscaling.enabled | ternary $api.autoscaling.maxReplicas (include "rollout.replicas" $api) | int -}}
{{- $surge := divf $replicas 4 | ceil | int -}}
{{- $pods := add $replicas $surge $surge | int -}}
replicas: {{ $replicas }}
surge: {{ $surge }}
pods: {{ $pods }}
api: {{ mul $pods (int $api.poolSize) }}
# The exporter's role has a limit of three (files/db/initdb.sh); a migration and a backup have one each;
# superuser_reserved_connections is three.
others: 8
total: {{ add (mul $pods (int $api.poolSize)) 8 }}
{{- end }}

{{- /* The sentence for an install that does not fit, or nothing. */ -}}
{{- define "budget.problem" -}}
{{- $sum := include "budget.sum" . | fromYaml -}}
{{- $limit := .Values.db.maxConnections | int -}}
{{- if gt (int $sum.total) $limit }}
  - db.maxConnections: {{ $limit }} is less than the {{ $sum.total }} connections that may be open at once:
    {{ $sum.pods }} pods of api ({{ $sum.replicas }} replicas, {{ $sum.surge }} that a rollout adds, {{ $sum.surge }} that still drain)
    x api.poolSize {{ .Values.api.poolSize }} = {{ $sum.api }}, and {{ $sum.others }} for the exporter (3), jobs (2) and the superuser (3).
    Raise it, or lower api.poolSize or api.autoscaling.maxReplicas
{{- end }}
{{- end }}
