{{- define "tocsin.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "tocsin.selector" -}}
app.kubernetes.io/name: tocsin
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tocsin.labels" -}}
{{ include "tocsin.selector" . }}
app.kubernetes.io/part-of: tocsin
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "tocsin.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{/* The apps of this installation, each of which is one workload. */}}
{{- define "tocsin.apps" -}}
{{- if eq .Values.mode "standalone" }}standalone{{ else }}ingest correlator responder notifier api{{ end -}}
{{- end }}

{{/* The app that does what `role` names: standalone does everything. Call with (list $ "ingest"). */}}
{{- define "tocsin.appOf" -}}
{{- if eq (index . 0).Values.mode "standalone" }}standalone{{ else }}{{ index . 1 }}{{ end -}}
{{- end }}

{{/* The policy objects that an app reads, by their resources. */}}
{{- define "tocsin.policyKinds" -}}
{{- if eq . "ingest" }}sourcemappings
{{- else if eq . "correlator" }}correlationrules silences
{{- else if eq . "responder" }}responsepolicies
{{- else if eq . "notifier" }}subscriptions
{{- else if eq . "standalone" }}correlationrules responsepolicies silences sourcemappings subscriptions
{{- end }}
{{- end }}

{{/* What cannot be right stops the rendering, with the remedy. */}}
{{- define "tocsin.check" -}}
{{- if not .Values.auth.existingSecret }}{{ fail "auth.existingSecret: name a Secret with the keys ingest-token and api-token; pods listen beyond loopback, where Tocsin wants tokens." }}{{ end }}
{{- if eq .Values.mode "scaled" }}
{{- if not .Values.kafka.brokers }}{{ fail "kafka.brokers: scaled mode needs the addresses of Kafka's brokers." }}{{ end }}
{{- if not .Values.postgres.existingSecret }}{{ fail "postgres.existingSecret: scaled mode needs a Secret with the key url, postgres://user:password@host:5432/database." }}{{ end }}
{{- if and .Values.kafka.sasl.mechanism (not .Values.kafka.sasl.existingSecret) }}{{ fail "kafka.sasl.existingSecret: name the Secret that holds the password." }}{{ end }}
{{- end }}
{{- if and .Values.policyObjects.enabled (or .Values.policies .Values.policiesConfigMap) }}{{ fail "policyObjects.enabled: policies and policiesConfigMap are not read then; apply them as objects, and leave these empty." }}{{ end }}
{{- if and .Values.responder.actions (not .Values.responder.namespaces) }}{{ fail "responder.namespaces: say in which namespaces the actions may be done." }}{{ end }}
{{- if has "kube-system" .Values.responder.namespaces }}{{ fail "responder.namespaces: nothing is ever done in kube-system; leave it out." }}{{ end }}
{{- end }}

{{/* tocsin.yaml: what the user gives, and what the chart sets over it. */}}
{{- define "tocsin.config" -}}
{{- $set := dict "cluster" .Values.cluster "http" (dict "host" "0.0.0.0" "port" 8080) "dataDir" "/data" "policyDir" "/etc/tocsin/policies" }}
{{- $set = merge $set (dict "ingest" (dict "authentication" (dict "token" (dict "env" "TOCSIN_INGEST_TOKEN"))) "api" (dict "authentication" (dict "token" (dict "env" "TOCSIN_API_TOKEN")))) }}
{{- if .Values.publicUrl }}{{ $_ := set $set "publicUrl" .Values.publicUrl }}{{ end }}
{{- if .Values.responder.actions }}{{ $set = merge $set (dict "responder" (dict "clusters" (list (dict "name" .Values.cluster "inCluster" true)))) }}{{ end }}
{{- if .Values.policyObjects.enabled }}{{ $_ := set $set "policies" (dict "source" "kubernetes" "namespace" .Release.Namespace "namespaces" .Values.policyObjects.namespaces) }}{{ end }}
{{- if eq .Values.mode "scaled" }}
{{- $log := dict "brokers" .Values.kafka.brokers "partitions" (int .Values.kafka.partitions) "replicationFactor" (int .Values.kafka.replicationFactor) "ssl" .Values.kafka.ssl }}
{{- with .Values.kafka.sasl }}{{ if .mechanism }}{{ $_ := set $log "sasl" (dict "mechanism" .mechanism "username" .username "password" (dict "env" "TOCSIN_KAFKA_PASSWORD")) }}{{ end }}{{ end }}
{{- $_ := set $set "log" $log }}
{{- end }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $set) }}
{{- end }}

{{/* The pod of an app. Call with (dict "root" $ "app" "ingest" "resources" …). */}}
{{- define "tocsin.pod" -}}
{{- $root := .root }}
{{- $app := .app }}
metadata:
  labels:
    {{- include "tocsin.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $app }}
    {{- with $root.Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include "tocsin.config" $root | sha256sum }}
    {{- with $root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "tocsin.name" $root }}-{{ $app }}
  # Only what acts on the cluster, or reads policies there, has its token.
  {{- $acts := and (has $app (list "responder" "standalone")) (not (empty $root.Values.responder.actions)) }}
  {{- $reads := and $root.Values.policyObjects.enabled (not (empty (include "tocsin.policyKinds" $app))) }}
  automountServiceAccountToken: {{ or $acts $reads }}
  terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
  {{- with $root.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- include "tocsin.podSecurity" $root | nindent 2 }}
  containers:
    - name: tocsin
      image: {{ include "tocsin.image" $root }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [{{ $app }}]
      ports:
        - { name: http, containerPort: 8080 }
      env:
        {{- include "tocsin.env" (dict "root" $root "app" $app) | nindent 8 }}
      {{- if and $root.Values.channelSecrets.existingSecret (has $app (list "notifier" "standalone")) }}
      envFrom:
        - secretRef: { name: {{ $root.Values.channelSecrets.existingSecret }} }
      {{- end }}
      startupProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 10
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 5
      resources:
        {{- toYaml .resources | nindent 8 }}
      {{- include "tocsin.containerSecurity" $root | nindent 6 }}
      volumeMounts:
        - { name: config, mountPath: /etc/tocsin/tocsin.yaml, subPath: tocsin.yaml, readOnly: true }
        - { name: policies, mountPath: /etc/tocsin/policies, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        - { name: data, mountPath: /data }
  volumes:
    - name: config
      configMap: { name: {{ include "tocsin.name" $root }} }
    - name: policies
      configMap: { name: {{ $root.Values.policiesConfigMap | default (printf "%s-policies" (include "tocsin.name" $root)) }} }
    - name: tmp
      emptyDir: {}
    {{- if .data }}
    - name: data
      {{- toYaml .data | nindent 6 }}
    {{- end }}
  {{- if ne $app "standalone" }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "tocsin.selector" $root | nindent 10 }}
          app.kubernetes.io/component: {{ $app }}
  {{- end }}
  {{- with $root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "tocsin.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "tocsin.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* Secrets, each only where it is used. */}}
{{- define "tocsin.env" -}}
{{- $root := .root }}
{{- if has .app (list "ingest" "standalone") }}
- name: TOCSIN_INGEST_TOKEN
  valueFrom: { secretKeyRef: { name: {{ $root.Values.auth.existingSecret }}, key: {{ $root.Values.auth.ingestTokenKey }} } }
{{- end }}
{{- if has .app (list "api" "standalone") }}
- name: TOCSIN_API_TOKEN
  valueFrom: { secretKeyRef: { name: {{ $root.Values.auth.existingSecret }}, key: {{ $root.Values.auth.apiTokenKey }} } }
{{- end }}
{{- if eq $root.Values.mode "scaled" }}
{{- if $root.Values.kafka.sasl.mechanism }}
- name: TOCSIN_KAFKA_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $root.Values.kafka.sasl.existingSecret }}, key: {{ $root.Values.kafka.sasl.passwordKey }} } }
{{- end }}
{{- if ne .app "ingest" }}
- name: DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ $root.Values.postgres.existingSecret }}, key: {{ $root.Values.postgres.urlKey }} } }
{{- end }}
{{- end }}
{{- end }}
