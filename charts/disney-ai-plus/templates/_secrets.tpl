{{- /*
Secrets. Each component reads one Secret; where it comes from is its mode:
  inline    rendered from secrets.inline
  existing  made by the user, with the name that the chart would give it or another
  sealed    a SealedSecret with the values encrypted by the user
  external  an ExternalSecret that the External Secrets Operator fills
*/ -}}

{{- /* The components that have a Secret. Prints a comma-separated list. */ -}}
{{- define "secrets.components" -}}
api,web{{ if include "database.internal" . }},db{{ end }}
{{- end }}

{{- /*
Which keys a component's Secret holds. Prints a comma-separated list. DATABASE_URL always leads to the
server itself, so that turning the pooler on or off changes no key that somebody reads.
*/ -}}
{{- define "secrets.keys" -}}
{{- get (dict
      "api" (printf "DATABASE_URL%s,JWT_SECRET,SUPABASE_ANON_KEY" (.root.Values.pooler.enabled | ternary ",DATABASE_POOLER_URL" ""))
      "web" "NEXT_PUBLIC_SUPABASE_ANON_KEY"
      "db" "POSTGRES_PASSWORD") .name -}}
{{- end }}

{{- define "secrets.mode" -}}
{{- $own := get .root.Values.secrets .name -}}
{{- $own.mode | default .root.Values.secrets.mode -}}
{{- end }}

{{- /* The Secret that a component reads. */ -}}
{{- define "secrets.name" -}}
{{- $own := get .root.Values.secrets .name -}}
{{- $users := eq (include "secrets.mode" .) "existing" | ternary $own.existingSecret "" -}}
{{ $users | default (include "names.of" .) }}
{{- end }}

{{- /* What the chart knows about a component's Secret in its mode: the data, as a map by key. */ -}}
{{- define "secrets.data" -}}
{{- $inline := .root.Values.secrets.inline -}}
{{- $own := get .root.Values.secrets .name -}}
{{- $mode := include "secrets.mode" . -}}
{{- if eq $mode "sealed" -}}
{{- toYaml $own.sealed -}}
{{- else if eq $mode "external" -}}
{{- toYaml $own.external -}}
{{- else if eq $mode "inline" -}}
{{- $data := dict
      "DATABASE_URL" (include "database.url" (dict "root" .root "access" (include "database.access" .root | fromYaml)))
      "DATABASE_POOLER_URL" (include "database.url" (dict "root" .root "access" (include "database.apiAccess" .root | fromYaml)))
      "JWT_SECRET" $inline.jwtSecret
      "SUPABASE_ANON_KEY" $inline.supabaseAnonKey
      "NEXT_PUBLIC_SUPABASE_ANON_KEY" $inline.supabaseAnonKey
      "POSTGRES_PASSWORD" $inline.databasePassword -}}
{{- range $key := splitList "," (include "secrets.keys" .) }}
{{ $key }}: {{ get $data $key | quote }}
{{- end }}
{{- end -}}
{{- end }}

{{- /* The object of a component's mode; nothing for `existing`. */ -}}
{{- define "secrets.manifest" -}}
{{- $mode := include "secrets.mode" . -}}
{{- if eq $mode "inline" -}}
apiVersion: v1
kind: Secret
metadata:
  {{- include "labels.metadata" . | nindent 2 }}
type: Opaque
data:
  {{- range $key, $value := include "secrets.data" . | fromYaml }}
  {{ $key }}: {{ $value | b64enc | quote }}
  {{- end }}
{{- else if eq $mode "sealed" -}}
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  {{- include "labels.metadata" . | nindent 2 }}
spec:
  encryptedData:
    {{- include "secrets.data" . | nindent 4 }}
  template:
    metadata:
      {{- include "labels.metadata" . | nindent 6 }}
    type: Opaque
{{- else if eq $mode "external" -}}
{{- $external := .root.Values.secrets.external -}}
{{- $own := get .root.Values.secrets .name -}}
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  {{- include "labels.metadata" . | nindent 2 }}
spec:
  refreshInterval: {{ $external.refreshInterval }}
  secretStoreRef:
    kind: {{ $external.store.kind }}
    name: {{ $external.store.name | quote }}
  target:
    name: {{ include "names.of" . }}
    creationPolicy: Owner
  data:
    {{- range $key, $remote := $own.external }}
    - secretKey: {{ $key }}
      remoteRef:
        {{- toYaml $remote | nindent 8 }}
    {{- end }}
{{- end -}}
{{- end }}
