{{- /*
NetworkPolicies, rendered from files/network-edges.yaml: a component's ingress rules are the edges
that end at it, its egress rules those that start from it.
*/ -}}

{{- /* Pods in other namespaces: (list namespaceLabels podLabels). */ -}}
{{- define "network.elsewhere" }}
- namespaceSelector:
    {{- toYaml (dict "matchLabels" (first .)) | nindent 4 }}
  podSelector:
    {{- toYaml (dict "matchLabels" (last .)) | nindent 4 }}
{{- end }}

{{- /* One end of an edge as a list of peers: (dict "root" $ "party" "edge"). */ -}}
{{- define "network.peers" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- if eq .party "edge" }}
{{- include "network.elsewhere" (list .root.Values.edge.namespaceSelector .root.Values.edge.podSelector) }}
{{- else if eq .party "monitoring" }}
{{- include "network.elsewhere" (list $policy.monitoringNamespaceSelector $policy.monitoringPodSelector) }}
{{- else if eq .party "dns" }}
{{- include "network.elsewhere" (list $policy.dnsNamespaceSelector $policy.dnsPodSelector) }}
{{- range $policy.dnsCidrs }}
- ipBlock:
    cidr: {{ . }}
{{- end }}
{{- else if eq .party "internet" }}
- ipBlock:
    cidr: {{ $policy.externalHttps.cidr }}
    except: {{- toYaml $policy.externalHttps.except | nindent 6 }}
{{- else if and (eq .party "db") (not (include "database.internal" .root)) }}
{{- include "network.externalDatabase" .root.Values.db.external }}
{{- else }}
- podSelector:
    matchLabels: {{- include "labels.selector" (dict "root" .root "name" .party) | nindent 6 }}
{{- end }}
{{- end }}

{{- define "network.externalDatabase" }}
{{- range .cidrs }}
- ipBlock:
    cidr: {{ . }}
{{- end }}
{{- if or .pods.namespaceSelector .pods.podSelector }}
{{- include "network.elsewhere" (list .pods.namespaceSelector .pods.podSelector) }}
{{- end }}
{{- end }}

{{- /* The ports at which edges end: (dict "root" $ "at" (dict "to" "db" "port" "metrics")). */ -}}
{{- define "network.ports" -}}
{{- $number := .at.port -}}
{{- if kindIs "string" $number -}}
  {{- $number = include "names.port" (dict "root" .root "component" .at.to "port" $number) -}}
{{- end -}}
{{- range .at.protocols | default (list "TCP") }}
- port: {{ $number }}
  protocol: {{ . }}
{{- end }}
{{- end }}

{{- /* Whether an edge exists in this install: (dict "root" $ "edge" $edge). Prints "true" or nothing. */ -}}
{{- define "network.exists" -}}
{{- $values := .root.Values -}}
{{- $edge := .edge -}}
{{- if eq $edge.from "edge" -}}
  {{- range $values.edge.routes -}}{{- if eq .component $edge.to -}}true{{- end -}}{{- end -}}
{{- else if eq $edge.to "internet" -}}
  {{- if $values.networkPolicy.externalHttps.enabled -}}true{{- end -}}
{{- else if eq $edge.from "backup" "restore" -}}
  {{- if $values.backup.enabled -}}true{{- end -}}
{{- else if eq $edge.from "test" -}}
  {{- if $values.tests.enabled -}}true{{- end -}}
{{- else -}}
true
{{- end -}}
{{- end }}

{{- /*
Edges as the rules of a component at one of their ends; a rule names the other end, which is its
`from` or `to`: (dict "root" $ "edges" $edges "theirs" "from").
*/ -}}
{{- define "network.rules" -}}
{{- range $edge := .edges }}
- {{ $.theirs }}:
    {{- include "network.peers" (dict "root" $.root "party" (get $edge $.theirs)) | trim | nindent 4 }}
  ports:
    {{- include "network.ports" (dict "root" $.root "at" (omit $edge "from")) | trim | nindent 4 }}
{{- end }}
{{- end }}

{{- /* A component's NetworkPolicy. */ -}}
{{- define "network.policy" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- $ingress := list -}}
{{- $egress := list -}}
{{- range $edge := (.root.Files.Get "files/network-edges.yaml" | fromYaml).edges -}}
  {{- if eq $name $edge.to $edge.from -}}
    {{- if include "network.exists" (dict "root" $root "edge" $edge) -}}
      {{- if eq $name $edge.to -}}{{- $ingress = append $ingress $edge -}}{{- end -}}
      {{- if eq $name $edge.from -}}{{- $egress = append $egress $edge -}}{{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "labels.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "labels.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- include "network.rules" (dict "root" $root "edges" $ingress "theirs" "from") | trim | default "[]" | nindent 4 }}
  egress:
    {{- include "network.rules" (dict "root" $root "edges" $egress "theirs" "to") | trim | default "[]" | nindent 4 }}
{{- end }}
