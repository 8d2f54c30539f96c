{{- /*
What this cluster can do. The one table of features that not every supported Kubernetes has, each
with the first version that has it on by default. Prints "true" or nothing.

  {{ if include "kubernetes.has" (dict "root" $ "feature" "nativeSleep") }}
*/ -}}
{{- define "kubernetes.has" -}}
{{- $since := dict
      "matchLabelKeys" "1.27"
      "evictUnhealthyPods" "1.27"
      "keepClaims" "1.27"
      "cronTimeZone" "1.27"
      "nativeSleep" "1.30"
      "affinityMatchLabelKeys" "1.31" -}}
{{- if semverCompare (printf ">=%s-0" (get $since .feature)) .root.Capabilities.KubeVersion.Version -}}
true
{{- end }}
{{- end }}
