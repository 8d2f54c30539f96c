{{- /*
Environment variables, volumes and mounts are maps by name until the last moment, so that what the
user adds is merged with what the chart sets, and the user wins.
*/ -}}

{{- /* A map by name as the list that Kubernetes wants, in the order of the names. */ -}}
{{- define "env.namedList" -}}
{{- range $name, $body := . }}
- name: {{ $name }}
  {{- toYaml $body | nindent 2 }}
{{- end }}
{{- end }}

{{- /*
The env list of a container.
  config  names of keys in the component's ConfigMap
  secret  names of keys in the component's Secret
  keys    of these, the keys that have another name than the variable: (dict "VARIABLE" "KEY")
  extra   the user's extraEnv: a string, or an object with valueFrom
*/ -}}
{{- define "env.list" -}}
{{- $env := dict -}}
{{- $configMap := include "names.of" .component -}}
{{- range .config -}}
  {{- $ref := dict "name" $configMap "key" . -}}
  {{- $_ := set $env . (dict "valueFrom" (dict "configMapKeyRef" $ref)) -}}
{{- end -}}
{{- $secret := include "secrets.name" .component -}}
{{- range .secret -}}
  {{- $ref := dict "name" $secret "key" (get ($.keys | default dict) . | default .) -}}
  {{- $_ := set $env . (dict "valueFrom" (dict "secretKeyRef" $ref)) -}}
{{- end -}}
{{- range $name, $value := .extra -}}
  {{- $_ := set $env $name (kindIs "map" $value | ternary $value (dict "value" $value)) -}}
{{- end -}}
{{- include "env.namedList" $env -}}
{{- end }}

{{- /*
Volumes or mounts: (dict "own" map-by-name "extra" .values.extraVolumes). An entry of the user replaces
the chart's as a whole: half of one volume source and half of another would make none.
*/ -}}
{{- define "env.volumes" -}}
{{- $all := dict -}}
{{- range $name, $body := .own }}{{ $_ := set $all $name $body }}{{ end -}}
{{- range $name, $body := .extra }}{{ $_ := set $all $name $body }}{{ end -}}
{{- include "env.namedList" $all -}}
{{- end }}
