{{- /*
The connection budget: what all who may be connected at once need, against db.maxConnections. Each
helper takes the top-level context.
*/ -}}

{{- /*
The API's pods and connections at most, as a map. During a rollout up to a quarter more pods are there
(maxSurge, _rollout.tpl), and as many old ones still drain; each holds up to a pool of connections.
*/ -}}
{{- define "budget.api" -}}
{{- $api := .Values.api -}}
{{- $replicas := $api.autoscaling.enabled | ternary $api.autoscaling.maxReplicas (include "rollout.replicas" $api) | int -}}
{{- $surge := divf $replicas 4 | ceil | int -}}
{{- $pods := add $replicas $surge $surge | int -}}
connections: {{ mul $pods (int $api.poolSize) }}
sum: >-
  {{ $pods }} pods of api ({{ $replicas }} replicas, {{ $surge }} that a rollout adds, {{ $surge }} that still drain)
  x api.poolSize {{ $api.poolSize }}
lower: api.poolSize or api.autoscaling.maxReplicas
{{- end }}

{{- /* The pooler's. Its old pods stay until their clients have left, so all of them may drain at once. */ -}}
{{- define "budget.pooler" -}}
{{- $replicas := include "rollout.replicas" .Values.pooler | int -}}
connections: {{ mul 2 $replicas (int .Values.pooler.poolSize) }}
sum: >-
  {{ mul 2 $replicas }} pods of pooler ({{ $replicas }} replicas, {{ $replicas }} that still drain)
  x pooler.poolSize {{ .Values.pooler.poolSize }}
lower: pooler.poolSize or pooler.replicas
{{- end }}

{{- /* The sentence for an install that does not fit, or nothing. */ -}}
{{- define "budget.problem" -}}
{{- $clients := include (.Values.pooler.enabled | ternary "budget.pooler" "budget.api") . | fromYaml -}}
{{- /*
The exporter's role has a limit of three (files/db/initdb.sh); a migration and a backup have one each;
superuser_reserved_connections is three.
*/ -}}
{{- $others := 8 -}}
{{- $total := add $clients.connections $others | int -}}
{{- $limit := .Values.db.maxConnections | int -}}
{{- if gt $total $limit }}
  - db.maxConnections: {{ $limit }} is less than the {{ $total }} connections that may be open at once:
    {{ $clients.sum }} = {{ $clients.connections }}, and {{ $others }} for the exporter (3), jobs (2) and the superuser (3).
    Raise it, or lower {{ $clients.lower }}
{{- end }}
{{- end }}
