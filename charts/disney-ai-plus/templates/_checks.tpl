{{- /*
What must hold before anything is installed. Each check prints one "- value's path: problem" per line,
or nothing; checks.run fails once, with all of them. What is missing is found here, what cannot work in
_contradictions.tpl and _budget.tpl.

Other templates therefore accept empty values: they may be rendered before this one.
*/ -}}
{{- define "checks.run" -}}
{{- $problems := list -}}
{{- with include "checks.missing" . | trim -}}
  {{- $problems = append $problems (printf "Values that must be supplied:\n  %s" .) -}}
  {{- $problems = append $problems (include "checks.howToSupply" $ | trim) -}}
{{- end -}}
{{- with include "contradictions.all" . | trim -}}
  {{- $problems = append $problems (printf "Values that cannot work:\n  %s" .) -}}
{{- end -}}
{{- with $problems -}}
  {{- fail (printf "\n\n%s\n" (join "\n\n" .)) -}}
{{- end -}}
{{- end }}

{{- /* Every value that has no default and was not supplied, each once. */ -}}
{{- define "checks.missing" -}}
{{- $missing := list -}}
{{- if not .Values.supabase.url -}}
  {{- $missing = append $missing "  - supabase.url: the Supabase API URL, like https://<project>.supabase.co" -}}
{{- end -}}
{{- if not (or (include "database.internal" .) .Values.db.external.host) -}}
  {{- $missing = append $missing "  - db.external.host: the name of your PostgreSQL server" -}}
{{- end -}}
{{- if and .Values.edge.httpRoute.enabled (not .Values.edge.httpRoute.parentRefs) -}}
  {{- $missing = append $missing "  - edge.httpRoute.parentRefs: the Gateways that serve the route" -}}
{{- end -}}
{{- range $name := splitList "," (include "secrets.components" .) -}}
  {{- $component := dict "root" $ "name" $name "own" (get $.Values.secrets $name) -}}
  {{- $check := printf "checks.missing.%s" (include "secrets.mode" $component) -}}
  {{- $missing = concat $missing (include $check $component | splitList "\n") -}}
{{- end -}}
{{- $missing | uniq | compact | join "\n" -}}
{{- end }}

{{- define "checks.missing.inline" -}}
{{- $given := .root.Values.secrets.inline -}}
{{- if and (ne .name "web") (not $given.databasePassword) }}
  - secrets.inline.databasePassword: the password of the role disney_app
{{- end }}
{{- if and (eq .name "api") (not $given.jwtSecret) }}
  - secrets.inline.jwtSecret: signs the API's tokens, 32 characters or more
{{- end }}
{{- if and (ne .name "db") (not $given.supabaseAnonKey) }}
  - secrets.inline.supabaseAnonKey: the anonymous key of the Supabase project
{{- end }}
{{- end }}

{{- /* Whether the Secret exists, only the cluster knows. */ -}}
{{- define "checks.missing.existing" -}}
{{- end }}

{{- define "checks.missing.sealed" -}}
{{- range $key := splitList "," (include "secrets.keys" .) }}
{{- if not (get $.own.sealed $key) }}
  - secrets.{{ $.name }}.sealed.{{ $key }}: the value, encrypted with kubeseal
{{- end }}
{{- end }}
{{- end }}

{{- define "checks.missing.external" -}}
{{- if not .root.Values.secrets.external.store.name }}
  - secrets.external.store.name: the (Cluster)SecretStore to read from
{{- end }}
{{- range $key := splitList "," (include "secrets.keys" .) }}
{{- if not (get $.own.external $key) }}
  - secrets.{{ $.name }}.external.{{ $key }}.key: its name in the external store
{{- end }}
{{- end }}
{{- end }}

{{- define "checks.howToSupply" -}}
Either give the credentials as values (--set-string, or a values file that you keep out of version
control), or leave them out of Helm and choose where they come from:
  --set secrets.mode=existing   Secrets that you made, named api, web and db or as you say
  --set secrets.mode=sealed     SealedSecrets with values encrypted by kubeseal
  --set secrets.mode=external   ExternalSecrets, filled from your secret store
The comments at "secrets" in the chart's values.yaml say which keys each of them needs.
{{- end }}
