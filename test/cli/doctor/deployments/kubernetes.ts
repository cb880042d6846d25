import { app, type Deployment, manifest } from './deployment.ts'

const probes = ['readinessProbe:', '  httpGet: { path: /readyz, port: 3000 }', '  periodSeconds: 2']

/** A Deployment: what its pods have, and what their container has. */
function deployment(pod: readonly string[], container: readonly string[] = probes): string {
  return [
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata:',
    '  name: shop',
    'spec:',
    '  template:',
    '    spec:',
    ...pod.map((line) => `      ${line}`),
    '      containers:',
    '        - name: shop',
    '          image: ghcr.io/acme/shop:1.2.3',
    '          ports: [{ containerPort: 3000 }]',
    ...container.map((line) => `          ${line}`),
    '',
  ].join('\n')
}

export const broken: readonly Deployment[] = [
  {
    name: 'a terminationGracePeriodSeconds below the grace',
    seen: 'pipe-cd/pipecd#4134',
    files: {
      'k8s/app.yaml': deployment(['terminationGracePeriodSeconds: 20']),
      ...app("{ grace: '30s' }"),
    },
    finds: ['k8s/app.yaml:8 grace-too-short'],
  },
  {
    name: 'no terminationGracePeriodSeconds, and a grace of more than 30 s',
    seen: 'gomods/athens-charts#108',
    files: { 'k8s/app.yaml': deployment([]), ...app("{ grace: '60s' }") },
    finds: ['k8s/app.yaml:8 grace-too-short'],
  },
  {
    name: 'a preStop that is longer than all of it',
    seen: 'kubernetes/kubernetes#23515',
    files: {
      'k8s/app.yaml': deployment(
        [],
        [
          ...probes,
          'lifecycle:',
          '  preStop:',
          '    exec:',
          '      command: ["bash", "-c", "sleep 60"]',
        ],
      ),
    },
    finds: ['k8s/app.yaml:8 prestop-too-long'],
  },
  {
    name: 'a preStop that leaves less than the grace',
    seen: 'alphagov/govuk-helm-charts#2202',
    files: {
      'k8s/app.yaml': deployment(
        ['terminationGracePeriodSeconds: 30'],
        [...probes, 'lifecycle: { preStop: { sleep: { seconds: 15 } } }'],
      ),
      ...app("{ grace: '25s' }"),
    },
    finds: ['k8s/app.yaml:8 grace-too-short'],
  },
  {
    name: 'no time at all',
    seen: 'kubernetes/kubernetes, tasks/run-application/force-delete-stateful-set-pod',
    files: {
      'k8s/app.yaml': deployment(['terminationGracePeriodSeconds: 0']).replace(
        'Deployment',
        'StatefulSet',
      ),
    },
    finds: ['k8s/app.yaml:8 grace-too-short'],
  },
  {
    name: 'no readinessProbe',
    seen: 'kubernetes/kubernetes#20473',
    files: { 'k8s/app.yaml': deployment([], []) },
    finds: ['k8s/app.yaml:9 readiness-missing'],
  },
  {
    name: 'a readinessProbe that is slower than the lame duck',
    seen: 'quay/quay#6871',
    files: {
      'k8s/app.yaml': deployment(
        [],
        [
          'readinessProbe:',
          '  httpGet:',
          '    path: /readyz',
          '    port: 3000',
          '  periodSeconds: 15',
          '  failureThreshold: 3',
        ],
      ),
    },
    finds: ['k8s/app.yaml:16 readiness-too-slow'],
  },
  {
    name: 'a liveness probe that asks for readiness',
    seen: 'kubernetes/kubernetes#52817',
    files: {
      'k8s/app.yaml': deployment(
        [],
        [...probes, 'livenessProbe:', '  httpGet:', '    path: /readyz', '    port: 3000'],
      ),
    },
    finds: ['k8s/app.yaml:17 liveness-is-readiness'],
  },
  {
    name: 'npm start as the args, in the second document',
    seen: 'sclorg/s2i-nodejs-container#120',
    files: {
      'k8s/all.yaml': `apiVersion: v1\nkind: Service\nmetadata: { name: shop }\n---\n${deployment([], ['args: ["npm", "run", "start:prod"]', ...probes])}`,
      ...manifest({ 'start:prod': 'node dist/main' }),
    },
    finds: ['k8s/all.yaml:16 npm-in-front'],
  },
  {
    name: 'a shell as the command of a CronJob',
    files: {
      'k8s/job.yaml':
        'apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: report\nspec:\n  schedule: "0 4 * * *"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: OnFailure\n          containers:\n            - name: report\n              image: acme/report\n              command:\n                - /bin/sh\n                - -c\n                - |\n                  export NODE_ENV=production\n                  node report.js\n',
    },
    finds: ['k8s/job.yaml:15 shell-in-front'],
  },
  {
    name: 'a preStop that only a shell would understand',
    seen: 'kubernetes/kubernetes#20473',
    files: {
      'k8s/app.yaml': deployment(
        ['terminationGracePeriodSeconds: 45'],
        [...probes, 'lifecycle:', '  preStop:', '    exec:', '      command: ["sleep 10"]'],
      ),
    },
    finds: ['k8s/app.yaml:19 prestop-not-run'],
  },
  {
    name: 'a template of Helm that names its grace',
    seen: 'formbricks/formbricks#8775',
    files: {
      'chart/templates/deployment.yaml': deployment(
        [
          '{{- with .Values.affinity }}',
          'affinity: {{ toYaml . | nindent 8 }}',
          '{{- end }}',
          'terminationGracePeriodSeconds: 10',
        ],
        ['resources:', '  {{- toYaml .Values.resources | nindent 12 }}'],
      ).replace('acme/shop:1.2.3', '{{ .Values.image }}'),
      ...app("{ grace: '25s' }"),
    },
    finds: ['chart/templates/deployment.yaml:11 grace-too-short'],
  },
]

export const sound: readonly Deployment[] = [
  {
    name: 'a readinessProbe at the usual pace',
    files: {
      'k8s/app.yaml': deployment(
        [],
        ['readinessProbe:', '  httpGet: { path: /readyz, port: 3000 }', '  periodSeconds: 10'],
      ),
      'k8s/api.yaml': deployment(
        [],
        ['readinessProbe:', '  httpGet: { path: /readyz, port: 3000 }'],
      ),
      ...app(),
    },
    finds: [],
  },
  {
    name: 'the defaults of both',
    files: { 'k8s/app.yaml': deployment([]), ...app() },
    finds: [],
  },
  {
    name: 'the grace and the preStop fit',
    files: {
      'k8s/app.yaml': deployment(
        ['terminationGracePeriodSeconds: 40'],
        [...probes, 'lifecycle:', '  preStop:', '    exec:', '      command: [sleep, "10"]'],
      ),
      ...app("{ grace: '30s' }"),
    },
    finds: [],
  },
  {
    name: 'a preStop of its own kind',
    files: {
      'k8s/app.yaml': deployment(
        ['terminationGracePeriodSeconds: 60'],
        [...probes, 'lifecycle: { preStop: { sleep: { seconds: 20 } } }'],
      ),
      ...app("{ grace: '40s' }"),
    },
    finds: [],
  },
  {
    name: 'liveness and readiness apart',
    files: {
      'k8s/app.yaml': deployment(
        [],
        [
          ...probes,
          'livenessProbe:',
          '  httpGet: { path: /livez, port: 3000 }',
          '  periodSeconds: 10',
        ],
      ),
    },
    finds: [],
  },
  {
    name: 'a slow readinessProbe, and a lame duck that waits for it',
    files: {
      'k8s/app.yaml': deployment(
        ['terminationGracePeriodSeconds: 60'],
        ['readinessProbe:', '  httpGet: { path: /readyz, port: 3000 }', '  periodSeconds: 5'],
      ),
      'src/server.ts':
        "import { createShutdown } from 'lastcall'\nconst shutdown = createShutdown({ grace: '60s' })\nshutdown.add(httpServer(server, { health, lameDuck: { atMost: '20s' } }))\nshutdown.listen()\n",
    },
    finds: [],
  },
  {
    name: 'a worker without a port, which nobody asks',
    files: {
      'k8s/worker.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - name: worker\n          image: acme/worker\n          command: ["node", "worker.js"]\n',
    },
    finds: [],
  },
  {
    name: 'a sidecar with a stop of its own',
    files: {
      'k8s/app.yaml': `${deployment([])}        - name: proxy\n          image: envoyproxy/envoy:v1.30\n          ports: [{ containerPort: 9901 }]\n          command: ["/bin/sh", "-c", "envoy -c /etc/envoy.yaml"]\n`,
    },
    finds: [],
  },
  {
    name: 'anchors, and a List',
    files: {
      'k8s/list.yaml':
        'apiVersion: v1\nkind: List\nitems:\n  - apiVersion: batch/v1\n    kind: Job\n    spec:\n      template:\n        spec: &pod\n          terminationGracePeriodSeconds: &grace 60\n          containers:\n            - { name: job, image: acme/job, args: [node, job.js] }\n  - apiVersion: batch/v1\n    kind: CronJob\n    spec: { jobTemplate: { spec: { template: { spec: *pod } } } }\n',
      ...app("{ grace: '1m' }"),
    },
    finds: [],
  },
  {
    name: 'a part of a manifest, for kustomize: what is missing is elsewhere',
    files: {
      'overlays/prod/patch.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: shop }\nspec:\n  template:\n    spec:\n      containers:\n        - name: shop\n          ports: [{ containerPort: 3000 }]\n',
      ...app("{ grace: '60s' }"),
    },
    finds: [],
  },
  {
    name: 'a template of Helm whose times are values',
    files: {
      'chart/templates/deployment.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ include "shop.fullname" . }}\nspec:\n  template:\n    spec:\n      {{- if .Values.grace }}\n      terminationGracePeriodSeconds: {{ .Values.grace }}\n      {{- else }}\n      terminationGracePeriodSeconds: {{ .Values.global.grace | default 60 }}\n      {{- end }}\n      containers:\n        - name: {{ .Chart.Name }}\n          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"\n          ports:\n            - containerPort: {{ .Values.port }}\n          {{- with .Values.probes }}\n          {{- toYaml . | nindent 10 }}\n          {{- end }}\n',
      ...app("{ grace: '60s' }"),
    },
    finds: [],
  },
]
