{{- /* What the pods of all components have in common. Each helper takes a component (see _names.tpl). */ -}}

{{- /*
The pod template's metadata: (dict "component" $api "checksums" (dict "config" text ...)). The
checksums restart the pods when what they read at start changes; they cover the data alone, so a new
chart version changes nothing here.
*/ -}}
{{- define "pod.metadata" -}}
{{- $annotations := dict -}}
{{- range $what, $content := .checksums -}}
  {{- $_ := set $annotations (printf "checksum/%s" $what) (sha256sum $content) -}}
{{- end -}}
labels:
  {{- include "labels.pod" .component | nindent 2 }}
annotations:
  {{- toYaml (merge (dict) .component.values.podAnnotations $annotations) | nindent 2 }}
{{- end }}

{{- /*
The pod's own account, without a token; no other services in its environment; and where it may run.
A component may share another one's `account`.
*/ -}}
{{- define "pod.basics" -}}
serviceAccountName: {{ include "names.of" (dict "root" .root "name" (.account | default .name)) }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- include "pod.scheduling" . }}
{{- end }}

{{- /* A component's account, which may do nothing. */ -}}
{{- define "pod.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "labels.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end }}

{{- /* Pod Security `restricted`, the pod's half. It takes the user that the image is built for. */ -}}
{{- define "pod.security" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* Pod Security `restricted`, the container's half, and a root filesystem that nobody can change. */ -}}
{{- define "pod.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Where the pods run, as far as the user says so. */ -}}
{{- define "pod.scheduling" }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with mergeOverwrite (include "pod.zones" . | fromYaml) .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /*
Replicas spread over nodes, as well as the cluster allows. matchLabelKeys keeps the pods of the outgoing
revision out of the count, or a rollout would end up lopsided.
*/ -}}
{{- define "pod.spread" -}}
{{- if .values.topologySpread.enabled -}}
topologySpreadConstraints:
  - topologyKey: kubernetes.io/hostname
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "labels.selector" . | nindent 8 }}
    {{- if include "kubernetes.has" (dict "root" .root "feature" "matchLabelKeys") }}
    matchLabelKeys: [pod-template-hash]
    {{- end }}
{{- end }}
{{- end }}

{{- /*
And over zones. Not as another constraint: where nodes lack the label of one, the scheduler gives up all,
and clusters without zones would not spread over nodes either.
*/ -}}
{{- define "pod.zones" -}}
{{- if dig "topologySpread" "enabled" false .values -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: topology.kubernetes.io/zone
        labelSelector:
          matchLabels:
            {{- include "labels.selector" . | nindent 12 }}
        {{- if include "kubernetes.has" (dict "root" .root "feature" "affinityMatchLabelKeys") }}
        matchLabelKeys: [pod-template-hash]
        {{- end }}
{{- end }}
{{- end }}

{{- /* Probes over HTTP: (dict "probes" .Values.api.probes "port" "http"). Values hold path and timing. */ -}}
{{- define "pod.httpProbes" -}}
{{- range $kind, $probe := .probes }}
{{ $kind }}Probe:
  httpGet:
    path: {{ $probe.path | quote }}
    port: {{ $.port }}
  {{- toYaml (omit $probe "path") | nindent 2 }}
{{- end }}
{{- end }}

{{- /*
Before SIGTERM: wait until the endpoint has left the load balancers, or requests still arrive at a
closed port. The image has no shell, so without the native action Node.js itself does the waiting.
*/ -}}
{{- define "pod.preStop" -}}
preStop:
  {{- if include "kubernetes.has" (dict "root" .root "feature" "nativeSleep") }}
  sleep:
    seconds: {{ .values.drain.preStopSeconds }}
  {{- else }}
  exec:
    command: [node, -e, "setTimeout(() => {}, {{ .values.drain.preStopSeconds }} * 1000)"]
  {{- end }}
{{- end }}
