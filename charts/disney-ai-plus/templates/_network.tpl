{{- /*
NetworkPolicies, rendered from files/network-edges.yaml: a component's ingress rules are the edges
that end at it, its egress rules those that start from it. What is in a rule is printed where it
belongs: there are dozens of rules, and each text is indented once.
*/ -}}

{{- /* Pods in other namespaces: (list namespaceLabels podLabels). */ -}}
{{- define "network.elsewhere" }}
        - namespaceSelector:
            {{- toYaml (dict "matchLabels" (first .)) | nindent 12 }}
          podSelector:
            {{- toYaml (dict "matchLabels" (last .)) | nindent 12 }}
{{- end }}

{{- /*
One end of an edge as a list of peers: (dict "root" $ "party" "edge"). Nothing for a party that this
install has not.
*/ -}}
{{- define "network.peers" }}
{{- $values := .root.Values -}}
{{- $policy := $values.networkPolicy -}}
{{- if eq .party "edge" }}
{{- include "network.elsewhere" (list $values.edge.namespaceSelector $values.edge.podSelector) }}
{{- else if eq .party "monitoring" }}
{{- include "network.elsewhere" (list $policy.monitoringNamespaceSelector $policy.monitoringPodSelector) }}
{{- else if eq .party "dns" }}
{{- include "network.elsewhere" (list $policy.dnsNamespaceSelector $policy.dnsPodSelector) }}
{{- range $policy.dnsCidrs }}
        - ipBlock:
            cidr: {{ . }}
{{- end }}
{{- else if eq .party "internet" }}
{{- if $policy.externalHttps.enabled }}
        - ipBlock:
            cidr: {{ $policy.externalHttps.cidr }}
            except: {{- toYaml $policy.externalHttps.except | nindent 14 }}
{{- end }}
{{- else if and (eq .party "db") (not (include "database.internal" .root)) }}
{{- include "network.externalDatabase" $values.db.external }}
{{- else if and (eq .party "pooler") (not $values.pooler.enabled) }}
{{- else if and (eq .party "backup" "restore") (not $values.backup.enabled) }}
{{- else if and (eq .party "test") (not $values.tests.enabled) }}
{{- else }}
        - podSelector:
            matchLabels: {{- include "labels.selector" (dict "root" .root "name" .party) | nindent 14 }}
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

{{- /* The ports at which an edge ends: (dict "root" $ "to" "db" "port" "metrics" "protocols" (list "TCP")). */ -}}
{{- define "network.ports" }}
{{- $number := .port -}}
{{- if kindIs "string" $number -}}
  {{- $number = include "names.port" (dict "root" .root "component" .to "port" $number) -}}
{{- end }}
{{- range .protocols | default (list "TCP") }}
        - port: {{ $number }}
          protocol: {{ . }}
{{- end }}
{{- end }}

{{- /* Whether the edge's routes lead to a component. Prints "true" or nothing. */ -}}
{{- define "network.routed" -}}
{{- range .root.Values.edge.routes -}}{{- if eq .component $.name -}}true{{- end -}}{{- end -}}
{{- end }}

{{- /*
Edges as the rules of the component at one of their ends; a rule names the other end, which is an
edge's `from` or `to`: (dict "root" $ "edges" $edges "theirs" "from").
*/ -}}
{{- define "network.rules" }}
{{- range $edge := .edges }}
{{- with include "network.peers" (dict "root" $.root "party" (get $edge $.theirs)) }}
    - {{ $.theirs }}:
        {{- . }}
      ports:
        {{- include "network.ports" (dict "root" $.root "to" $edge.to "port" $edge.port "protocols" $edge.protocols) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* A component's NetworkPolicy. */ -}}
{{- define "network.policy" -}}
{{- $name := .name -}}
{{- $routed := include "network.routed" . -}}
{{- $pooled := and .root.Values.pooler.enabled .root.Values.pooler.required -}}
{{- $ingress := list -}}
{{- $egress := list -}}
{{- range (.root.Files.Get "files/network-edges.yaml" | fromYaml).edges -}}
  {{- if and $pooled (eq .from "api") (eq .to "db") -}}
  {{- else if eq .to $name -}}
    {{- if or $routed (ne .from "edge") -}}{{- $ingress = append $ingress . -}}{{- end -}}
  {{- else if eq .from $name -}}
    {{- $egress = append $egress . -}}
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
    {{- include "network.rules" (dict "root" .root "edges" $ingress "theirs" "from") | default " []" }}
  egress:
    {{- include "network.rules" (dict "root" .root "edges" $egress "theirs" "to") | default " []" }}
{{- end }}
