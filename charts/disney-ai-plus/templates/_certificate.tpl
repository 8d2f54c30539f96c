{{- /*
A certificate for every name by which a client in the cluster can call a component's Service, from the
issuer of db.tls: (dict "component" $db "secret" "db-tls").
*/ -}}
{{- define "certificate.manifest" -}}
{{- $name := include "names.of" .component -}}
{{- $root := .component.root -}}
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  {{- include "labels.metadata" .component | nindent 2 }}
spec:
  secretName: {{ .secret | quote }}
  dnsNames:
    - {{ $name }}
    {{- range list "" ".svc" ".svc.cluster.local" }}
    - {{ $name }}.{{ $root.Release.Namespace }}{{ . }}
    {{- end }}
  usages: [server auth]
  privateKey:
    algorithm: ECDSA
    size: 256
    rotationPolicy: Always
  issuerRef:
    group: cert-manager.io
    kind: {{ $root.Values.db.tls.issuer.kind }}
    name: {{ $root.Values.db.tls.issuer.name | quote }}
{{- end }}
