{{- /* A file with the words in it that stand for this install replaced by what they stand for. */ -}}
{{- define "monitoring.file" -}}
{{- .root.Files.Get .path
      | replace "NAMESPACE" .root.Release.Namespace
      | replace "PREFIX" .root.Values.namePrefix
      | replace "EDGETLS" (include "names.tlsSecret" .root)
      | replace "IDENTITY" (printf "%s/%s" .root.Release.Namespace .root.Values.namePrefix | sha1sum)
      | trim -}}
{{- end }}
