{{- /*
Values that are right on their own and cannot work together. Each helper prints one "- value's path:
problem and remedy" per finding, or nothing.
*/ -}}

{{- define "contradictions.all" -}}
{{- range $name := list "api" "web" }}
{{- include "contradictions.replicas" (dict "name" $name "values" (get $.Values $name)) }}
{{- include "contradictions.drain" (dict "name" $name "values" (get $.Values $name)) }}
{{- end }}
{{- range $name := list "api" "web" "db" }}
{{- include "contradictions.mounts" (dict "name" $name "values" (get $.Values $name)) }}
{{- end }}
{{- include "budget.problem" . }}
{{- include "contradictions.pooler" . }}
{{- include "contradictions.database" . }}
{{- include "contradictions.edge" . }}
{{- include "contradictions.alerts" . }}
{{- end }}

{{- define "contradictions.replicas" -}}
{{- if include "rollout.scales" .values }}
{{- $scaling := .values.autoscaling }}
{{- if .values.replicas }}
  - {{ .name }}.replicas: {{ .values.replicas }} would be fought over with the autoscaler; set {{ .name }}.autoscaling.minReplicas,
    or {{ .name }}.autoscaling.enabled=false
{{- end }}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) }}
  - {{ .name }}.autoscaling.minReplicas: {{ $scaling.minReplicas }} is more than maxReplicas, {{ $scaling.maxReplicas }}
{{- end }}
{{- if not (or $scaling.cpu $scaling.memory) }}
  - {{ .name }}.autoscaling: cpu and memory are both switched off, which leaves nothing to scale by;
    set one, or {{ .name }}.autoscaling.enabled=false
{{- end }}
{{- end }}
{{- $lowest := include "rollout.minReplicas" . | int }}
{{- if and .values.pdb.enabled (gt $lowest 1) (ge (int .values.pdb.maxUnavailable) $lowest) }}
  - {{ .name }}.pdb.maxUnavailable: {{ .values.pdb.maxUnavailable }} allows all of the {{ $lowest }} replicas to be evicted at once; lower it
{{- end }}
{{- end }}

{{- define "contradictions.drain" -}}
{{- $drain := .values.drain -}}
{{- if le (int $drain.gracePeriodSeconds) (add $drain.preStopSeconds 5 | int) }}
  - {{ .name }}.drain.gracePeriodSeconds: {{ $drain.gracePeriodSeconds }} leaves no time to finish requests
    after preStopSeconds ({{ $drain.preStopSeconds }}) and the image's own drain (5)
{{- end }}
{{- end }}

{{- define "contradictions.mounts" -}}
{{- $own := get (dict
      "api" (list "database-ca")
      "web" (list "next-cache" "tmp")
      "db" (list "access" "certificate" "data" "guard" "initdb" "shared-memory" "socket" "tmp")) .name }}
{{- range $volume, $_ := .values.extraVolumeMounts }}
{{- if not (or (hasKey $.values.extraVolumes $volume) (has $volume $own)) }}
  - {{ $.name }}.extraVolumeMounts.{{ $volume }}: there is no such volume; add it to {{ $.name }}.extraVolumes
{{- end }}
{{- end }}
{{- end }}

{{- define "contradictions.pooler" -}}
{{- $pooler := .Values.pooler }}
{{- if $pooler.enabled }}
{{- include "contradictions.replicas" (dict "name" "pooler" "values" $pooler) }}
{{- if lt (include "pooler.connectionSeconds" . | int) 10 }}
  - pooler.drain.gracePeriodSeconds: {{ $pooler.drain.gracePeriodSeconds }} leaves the API no time to leave
    after preStopSeconds ({{ $pooler.drain.preStopSeconds }}) and the longest query (10): its connections would last less
    than 10 seconds; raise it
{{- end }}
{{- if and .Values.db.tls.enabled (not (or .Values.db.tls.issuer.name $pooler.tls.secretName)) }}
  - pooler.tls.secretName: empty, but db.tls.enabled is true, so the API comes with TLS and the pooler needs a
    certificate, too; set db.tls.issuer.name for cert-manager, or this to a Secret of yours
{{- end }}
{{- end }}
{{- end }}

{{- define "contradictions.database" -}}
{{- $db := .Values.db }}
{{- if include "database.internal" . }}
{{- if and $db.tls.enabled (not $db.tls.issuer.name) (not $db.tls.secretName) }}
  - db.tls: enabled, but nothing says where the certificate comes from; set db.tls.issuer.name for
    cert-manager, or db.tls.secretName for a Secret of yours
{{- end }}
{{- if eq (int $db.port) (int $db.exporter.port) }}
  - db.exporter.port: {{ $db.exporter.port }} is db.port, too, and both are in one pod; change one
{{- end }}
{{- else }}
{{- if and .Values.networkPolicy.enabled (not (or $db.external.cidrs $db.external.pods.namespaceSelector $db.external.pods.podSelector)) }}
  - db.external.cidrs: empty, and so is db.external.pods, so the NetworkPolicies would keep the API from
    the database; say where it is
{{- end }}
{{- if .Values.backup.enabled }}
  - backup.enabled: backups are for the release's own server; back up {{ $db.external.host | default "yours" }} where it runs, and set this to false
{{- end }}
{{- if $db.tls.enabled }}
  - db.tls.enabled: true is for the release's own server; what an external one must prove is db.external.sslMode
{{- end }}
{{- end }}
{{- end }}

{{- define "contradictions.edge" -}}
{{- $seen := dict }}
{{- range $index, $route := .Values.edge.routes }}
{{- if hasKey $seen $route.path }}
  - edge.routes[{{ $index }}].path: {{ $route.path }} is routed to {{ get $seen $route.path }} already; remove one
{{- end }}
{{- $_ := set $seen $route.path $route.component }}
{{- end }}
{{- end }}

{{- define "contradictions.alerts" -}}
{{- with .Values.monitoring.rules.overrides }}
{{- $alerts := dict }}
{{- range $path, $_ := $.Files.Glob "files/rules/*.yaml" }}
{{- range regexFindAll "- alert: \\w+" ($.Files.Get $path) -1 }}{{ $_ := set $alerts (trimPrefix "- alert: " .) true }}{{ end }}
{{- end }}
{{- range $alert, $_ := . }}
{{- if not (hasKey $alerts $alert) }}
  - monitoring.rules.overrides.{{ $alert }}: no such alert; there are {{ keys $alerts | sortAlpha | join ", " }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
