{{/* The name of what belongs to a release, without a part. */}}
{{- define "mortise.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* Labels of a part: dict "root" $ "part" "adapter". */}}
{{- define "mortise.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "mortise.labels" -}}
{{ include "mortise.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "mortise.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* The user of the image, for a whole pod. */}}
{{- define "mortise.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "mortise.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: ["ALL"] }
{{- end }}

{{/* Where a pod may run. */}}
{{- define "mortise.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Where the host reaches its adapter: each pod by itself. */}}
{{- define "mortise.adapterEndpoint" -}}
{{- if .Values.host.adapterEndpoint -}}
{{ .Values.host.adapterEndpoint }}
{{- else -}}
dns:///{{ include "mortise.name" . }}-adapter:7443
{{- end -}}
{{- end }}

{{/* host.toml: dict "root" $ "sidecar" true. */}}
{{- define "mortise.hostConfig" -}}
{{- $values := .root.Values -}}
[listen]
{{- if .sidecar }}
grpc = ["unix:/run/mortise/host.sock"]
http = "127.0.0.1:7451"
# The containers of the pod run as the same user.
socket_mode = "0600"
{{- else }}
grpc = ["0.0.0.0:7450"]
http = "0.0.0.0:7451"
{{- end }}
# Within the pod alone: kubectl port-forward reaches it.
admin = "127.0.0.1:7452"
probes = "0.0.0.0:7453"

[data]
dir = "/var/lib/mortise"

[adapters.main]
endpoint = {{ include "mortise.adapterEndpoint" .root | quote }}
{{- if $values.adapter.tokenSecret }}
token_file = "/run/secrets/mortise-token/adapter-token"
{{- end }}
{{- if $values.adapter.tlsSecret }}

[adapters.main.tls]
ca = "/run/secrets/mortise-tls/ca.crt"
{{- if not $values.host.adapterEndpoint }}
# The endpoint is looked up, and each address of it has the certificate of the Service.
server_name = "{{ include "mortise.name" .root }}-adapter"
{{- end }}
{{- else if not (hasPrefix "unix:" (include "mortise.adapterEndpoint" .root)) }}
insecure = true
{{- end }}

[access]
{{- if .sidecar }}
# Containers of the pod, over the socket and the loopback address.
anonymous = true
{{- else }}
anonymous = false
{{- if $values.host.accessSecret }}

[access.tokens.app]
token_file = "/run/secrets/mortise-access/app-token"
{{- end }}
{{- end }}

{{ $values.host.config }}
{{- end }}

{{/*
The container of a host: dict "root" $ "sidecar" true. As an init container that restarts
always it is a native sidecar: up before the application starts, and there until its last
turns have drained. Another chart that depends on this one writes
  initContainers: [{{ include "mortise.sidecar" (dict "root" $sub "sidecar" true) | fromYaml | toJson }}]
with $sub the scope of this chart.
*/}}
{{- define "mortise.sidecar" -}}
{{- $values := .root.Values -}}
name: mortise-host
image: {{ include "mortise.image" .root }}
imagePullPolicy: {{ $values.image.pullPolicy }}
{{- if .sidecar }}
restartPolicy: Always
{{- end }}
args: ["serve", "--config", "/etc/mortise/host.toml"]
ports:
  - { name: probes, containerPort: 7453 }
{{- if not .sidecar }}
  - { name: grpc, containerPort: 7450 }
  - { name: http, containerPort: 7451 }
{{- end }}
# It starts when the host runs, not when it is ready: an adapter that is down must not keep
# the application from starting.
startupProbe:
  httpGet: { path: /live, port: probes }
  periodSeconds: 1
  failureThreshold: 30
livenessProbe:
  httpGet: { path: /live, port: probes }
readinessProbe:
  httpGet: { path: /ready, port: probes }
resources: {{- toYaml $values.host.resources | nindent 2 }}
securityContext: {{- include "mortise.containerSecurity" . | nindent 2 }}
volumeMounts:
  - { name: mortise-config, mountPath: /etc/mortise, readOnly: true }
  - { name: mortise-state, mountPath: /var/lib/mortise }
  - { name: mortise-tmp, mountPath: /tmp }
{{- if .sidecar }}
  - { name: mortise-run, mountPath: /run/mortise }
{{- else if $values.host.accessSecret }}
  - { name: mortise-access, mountPath: /run/secrets/mortise-access, readOnly: true }
{{- end }}
{{- if $values.adapter.tokenSecret }}
  - { name: mortise-token, mountPath: /run/secrets/mortise-token, readOnly: true }
{{- end }}
{{- if $values.adapter.tlsSecret }}
  - { name: mortise-tls, mountPath: /run/secrets/mortise-tls, readOnly: true }
{{- end }}
{{- end }}

{{/* Its volumes, without that of its state. */}}
{{- define "mortise.hostVolumes" -}}
{{- $values := .root.Values -}}
- name: mortise-config
  configMap: { name: {{ include "mortise.name" .root }}-host }
- name: mortise-tmp
  emptyDir: {}
{{- if .sidecar }}
- name: mortise-run
  emptyDir: {}
{{- else if $values.host.accessSecret }}
- name: mortise-access
  secret: { secretName: {{ $values.host.accessSecret }}, defaultMode: 0440 }
{{- end }}
{{- if $values.adapter.tokenSecret }}
- name: mortise-token
  secret: { secretName: {{ $values.adapter.tokenSecret }}, defaultMode: 0440 }
{{- end }}
{{- if $values.adapter.tlsSecret }}
- name: mortise-tls
  secret:
    secretName: {{ $values.adapter.tlsSecret }}
    defaultMode: 0440
    items: [{ key: ca.crt, path: ca.crt }]
{{- end }}
{{- end }}
