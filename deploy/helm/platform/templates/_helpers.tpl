{{- define "platform.name" -}}
{{- .Chart.Name -}}
{{- end }}

{{- define "platform.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "platform.selector" -}}
app.kubernetes.io/name: {{ include "platform.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "platform.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "platform.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "platform.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "platform.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "platform.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository .Values.image.tag -}}
{{- end -}}
{{- end }}

{{- define "platform.several" -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) }}yes{{ end -}}
{{- end }}

{{- /* What cannot work is refused before anything is made. */ -}}
{{- define "platform.check" -}}
{{- $v := .Values -}}
{{- if not (or $v.image.tag $v.image.digest) -}}
{{- fail "image.digest (or image.tag) is missing: take it from the release" -}}
{{- end -}}
{{- if and (eq $v.database.kind "sqlite") (include "platform.several" .) -}}
{{- fail "database.kind sqlite takes one replica: two servers on one file lose what they acknowledge. Set replicas to 1 and autoscaling.enabled to false, or use postgres" -}}
{{- end -}}
{{- if eq $v.database.kind "postgres" -}}
{{- if not (or $v.database.url $v.database.urlSecret.name) -}}
{{- fail "database.urlSecret.name is missing: a Secret with the URL of PostgreSQL; or database.url without a password, with database.passfileSecret.name" -}}
{{- end -}}
{{- if and $v.database.url $v.database.urlSecret.name -}}
{{- fail "database.url and database.urlSecret.name are both set: keep one" -}}
{{- end -}}
{{- if regexMatch "://[^/@]*:[^/@]*@|[?&]password=" $v.database.url -}}
{{- fail "database.url holds a password, which everybody who reads the release would see: use database.urlSecret or database.passfileSecret" -}}
{{- end -}}
{{- end -}}
{{- if $v.github.existingSecret -}}
{{- if not $v.github.appID -}}
{{- fail "github.appID is missing: it stands on the App's page at GitHub" -}}
{{- end -}}
{{- else -}}
{{- if $v.github.appID -}}
{{- fail "github.existingSecret is missing: a Secret with the App's private key and webhook secret" -}}
{{- end -}}
{{- if include "platform.several" . -}}
{{- fail "without github.existingSecret the server helps to set the App up, and that wants one replica: set replicas to 1 and autoscaling.enabled to false for now" -}}
{{- end -}}
{{- end -}}
{{- if and (or $v.keys.encryptionKey $v.keys.signingKey) (not $v.keys.existingSecret) -}}
{{- fail "keys.existingSecret is missing: the Secret in which keys.encryptionKey and keys.signingKey are" -}}
{{- end -}}
{{- if and $v.oauth.clientID (not (and $v.github.existingSecret $v.keys.encryptionKey $v.publicURL)) -}}
{{- fail "oauth.clientID lets people sign in, which needs github.existingSecret, keys.encryptionKey and publicURL" -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.host) -}}
{{- fail "ingress.host is missing" -}}
{{- end -}}
{{- end }}
