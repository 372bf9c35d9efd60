{{- define "senoscope.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "senoscope.selector" -}}
app.kubernetes.io/name: senoscope
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "senoscope.labels" -}}
{{ include "senoscope.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "senoscope.claim" -}}
{{ .Values.data.existingClaim | default (printf "%s-data" (include "senoscope.name" .)) }}
{{- end }}

{{/* The security of a container: Pod Security Standards, restricted, and a root that is read-only. */}}
{{- define "senoscope.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* What every pod is, but for its containers. */}}
{{- define "senoscope.pod" -}}
automountServiceAccountToken: false
serviceAccountName: {{ include "senoscope.name" . }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
volumes:
  - name: data
    {{- if .Values.data.ephemeral }}
    {{- if not (index .Values.environment "SENOSCOPE_SPOOL__URL") }}
    {{- fail "data.ephemeral: pods then share no folder, so environment.SENOSCOPE_SPOOL__URL must name a bucket" }}
    {{- end }}
    emptyDir:
      sizeLimit: {{ .Values.data.size }}
    {{- else }}
    persistentVolumeClaim:
      claimName: {{ include "senoscope.claim" . }}
    {{- end }}
  - name: routes
    configMap:
      name: {{ include "senoscope.name" . }}-routes
  - name: secrets
    secret:
      secretName: {{ .Values.secretName }}
      defaultMode: 0440
  - name: tmp
    emptyDir:
      medium: Memory
      sizeLimit: 256Mi
{{- end }}

{{- define "senoscope.mounts" -}}
- name: data
  mountPath: /var/lib/senoscope
- name: routes
  mountPath: /etc/senoscope/clinic
  readOnly: true
- name: secrets
  mountPath: /run/secrets/senoscope
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- end }}

{{- define "senoscope.environment" -}}
- name: SENOSCOPE_LEDGER__URL
  value: {{ .Values.ledger.url | quote }}
- name: SENOSCOPE_LEDGER__PASSWORD_FILE
  value: /run/secrets/senoscope/ledger_password
- name: SENOSCOPE_QUEUE__BROKER
  value: {{ .Values.queue.broker | quote }}
- name: SENOSCOPE_QUEUE__PASSWORD_FILE
  value: /run/secrets/senoscope/redis_password
- name: SENOSCOPE_SECURITY__SITE_KEY_FILE
  value: /run/secrets/senoscope/site_key
- name: SENOSCOPE_CANARY__NODE
  value: "{{ include "senoscope.name" . }}-listener:{{ .Values.listener.service.port }}"
- name: SENOSCOPE_CANARY__PORT
  value: {{ .Values.canary.port | quote }}
{{- if not .Values.canary.networks }}
{{- fail "canary.networks: name the networks that this cluster's pods have their addresses from, such as 10.244.0.0/16" }}
{{- end }}
- name: SENOSCOPE_CANARY__NETWORKS
  value: {{ .Values.canary.networks | toJson | quote }}
{{- range $name, $value := .Values.environment }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* A process that still goes round touches the file every few seconds. */}}
{{- define "senoscope.isAlive" -}}
exec:
  command: [sh, -c, "find /tmp/senoscope.alive -mmin -2 | grep -q ."]
{{- end }}

{{/* A Deployment of one role: (dict "root" $ "role" "router"). */}}
{{- define "senoscope.role" -}}
{{- $root := .root -}}
{{- $own := index $root.Values .role -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "senoscope.name" $root }}-{{ .role }}
  labels:
    {{- include "senoscope.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  replicas: {{ ternary 0 $own.replicas $root.Values.stopped }}
  strategy:
    type: Recreate # two releases do not share a ledger: docs/upgrades.md
  selector:
    matchLabels:
      {{- include "senoscope.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .role }}
  template:
    metadata:
      labels:
        {{- include "senoscope.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
    spec:
      {{- include "senoscope.pod" $root | nindent 6 }}
      terminationGracePeriodSeconds: {{ $own.graceSeconds }}
      containers:
        - name: {{ .role }}
          image: "{{ $root.Values.image.repository }}:{{ $root.Values.image.tag }}"
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          command: [senoscope, serve, --role, {{ .role }}]
          env:
            {{- include "senoscope.environment" $root | nindent 12 }}
            {{- if eq .role "console" }}
            - name: SENOSCOPE_HTTP__HOST
              value: 0.0.0.0
            - name: SENOSCOPE_CANARY__HOST
              valueFrom:
                fieldRef:
                  fieldPath: status.podIP
            {{- end }}
          {{- if eq .role "listener" }}
          ports:
            - name: dicom
              containerPort: 11112
          {{- else if eq .role "console" }}
          ports:
            - name: http
              containerPort: 8080
            - name: canary
              containerPort: {{ $root.Values.canary.port }}
          {{- end }}
          {{- if eq .role "console" }}
          startupProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 5
            failureThreshold: 36
          livenessProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 20
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: {{ $own.readinessPath }}, port: http }
            periodSeconds: 10
            timeoutSeconds: 5
          {{- else }}
          startupProbe:
            {{- include "senoscope.isAlive" $root | nindent 12 }}
            periodSeconds: 5
            failureThreshold: 36
          livenessProbe:
            {{- include "senoscope.isAlive" $root | nindent 12 }}
            periodSeconds: 30
            failureThreshold: 4
          readinessProbe:
            {{- include "senoscope.isAlive" $root | nindent 12 }}
            periodSeconds: 15
          {{- end }}
          lifecycle:
            # Until the Service has forgotten this pod; then SIGTERM drains it.
            preStop:
              exec:
                command: [sleep, "5"]
          securityContext:
            {{- include "senoscope.containerSecurity" $root | nindent 12 }}
          resources:
            {{- toYaml $own.resources | nindent 12 }}
          volumeMounts:
            {{- include "senoscope.mounts" $root | nindent 12 }}
{{- end }}
