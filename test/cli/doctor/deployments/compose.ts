import { app, type Deployment, manifest } from './deployment.ts'

const services = (...lines: string[]) =>
  `services:\n  web:\n${lines.map((line) => `    ${line}\n`).join('')}`

export const broken: readonly Deployment[] = [
  {
    name: 'a stop_grace_period below the grace',
    seen: 'bitwarden/server#2614',
    files: {
      'compose.yaml': services('build: .', 'stop_grace_period: 5s'),
      ...app("{ grace: '20s' }"),
    },
    finds: ['compose.yaml:4 grace-too-short'],
  },
  {
    name: 'no stop_grace_period, and a grace of more than 10 s',
    seen: 'base/node#714, docker-mailserver/docker-mailserver#1896',
    files: {
      'docker-compose.yml': services('build: .', 'ports: ["3000:3000"]'),
      ...app("{ grace: '25s' }"),
    },
    finds: ['docker-compose.yml:3 grace-too-short'],
  },
  {
    name: 'a stop_grace_period of minutes, still too short',
    seen: 'SkynetLabs/skynet-webportal#2053',
    files: {
      'docker-compose.prod.yml': services('image: ghcr.io/acme/shop:1', 'stop_grace_period: 1m30s'),
      ...app("{ grace: '2m' }"),
    },
    finds: ['docker-compose.prod.yml:4 grace-too-short'],
  },
  {
    name: 'no time at all',
    files: {
      'compose.yaml': services(
        'image: node:20',
        'command: node server.js',
        'stop_grace_period: 0s',
      ),
    },
    finds: ['compose.yaml:5 grace-too-short'],
  },
  {
    name: 'npm start as the command',
    seen: 'npm/cli#6684, npm/run-script#188',
    files: {
      'compose.yaml': services('image: node:20', 'command: npm start'),
      ...manifest({ start: 'node server.js' }),
    },
    finds: ['compose.yaml:4 npm-in-front'],
  },
  {
    name: 'sh -c as the command',
    seen: 'docker/compose#6508',
    files: {
      'compose.yaml': services('build: .', 'command: sh -c "node migrate.js && node server.js"'),
    },
    finds: ['compose.yaml:4 shell-in-front'],
  },
  {
    name: 'init over a shell, which is no remedy',
    files: {
      'compose.yaml': services(
        'build: .',
        'init: true',
        'command:',
        '  - sh',
        '  - -c',
        '  - node server.js --port $$PORT',
      ),
    },
    finds: ['compose.yaml:5 shell-in-front'],
  },
  {
    name: 'stop_signal SIGKILL',
    files: { 'compose.yaml': services('build: .', 'stop_signal: SIGKILL') },
    finds: ['compose.yaml:4 stop-signal-unheard'],
  },
  {
    name: 'a stop_signal that nobody listens to',
    files: { 'compose.yaml': services('build: .', 'stop_signal: SIGUSR1'), ...app() },
    finds: ['compose.yaml:4 stop-signal-unheard'],
  },
  {
    name: 'a watcher',
    seen: 'alphagov/govuk-frontend#3762',
    files: { 'compose.yaml': services('build: .', 'command: ["node", "--watch", "server.js"]') },
    finds: ['compose.yaml:4 watcher-in-front'],
  },
  {
    name: 'an entrypoint script without exec, and what an anchor shares',
    seen: 'nodeshift-archived/centos7-s2i-nodejs#84',
    files: {
      'compose.yaml':
        'x-app: &app\n  build: .\n  entrypoint: ./bin/entrypoint.sh\n\nservices:\n  api:\n    <<: *app\n    command: [node, api.js]\n  worker:\n    <<: *app\n    command: [node, worker.js]\n',
      'bin/entrypoint.sh': '#!/bin/bash\n./wait-for-db.sh\n$@\n',
    },
    finds: ['bin/entrypoint.sh:3 script-without-exec'],
  },
]

export const sound: readonly Deployment[] = [
  {
    name: 'a stop_grace_period of the grace',
    files: {
      'compose.yaml': services('build: .', 'stop_grace_period: 25s'),
      ...app("{ grace: '25s' }"),
    },
    finds: [],
  },
  {
    name: 'a stop_grace_period of minutes',
    files: {
      'compose.yaml': services('build: .', 'stop_grace_period: 1m30s'),
      ...app("{ grace: '90s' }"),
    },
    finds: [],
  },
  {
    name: 'the defaults of both',
    files: { 'docker-compose.yml': services('build: .', 'restart: unless-stopped'), ...app() },
    finds: [],
  },
  {
    name: 'a text as the command, for which Compose starts no shell',
    files: {
      'compose.yaml': services('image: node:20', "command: node server.js --greeting 'good day'"),
    },
    finds: [],
  },
  {
    name: 'init over node',
    files: { 'compose.yaml': services('build: .', 'init: true', 'command: [node, server.js]') },
    finds: [],
  },
  {
    name: 'a database with a stop of its own',
    files: {
      'compose.yaml':
        'services:\n  web:\n    build: .\n    stop_grace_period: 30s\n  db:\n    image: postgres:16\n    stop_signal: SIGQUIT\n  cache:\n    image: docker.io/library/redis:7-alpine\n    command: sh -c "redis-server --save 60 1"\n',
      ...app("{ grace: '30s' }"),
    },
    finds: [],
  },
  {
    name: 'stop_signal SIGINT',
    files: { 'compose.yaml': services('build: .', "stop_signal: 'SIGINT'"), ...app() },
    finds: [],
  },
  {
    name: 'anchors and merges, with a grace that is merged in',
    files: {
      'compose.yaml':
        'x-service: &service\n  stop_grace_period: 40s\n  build: .\n\nservices:\n  api:\n    <<: *service\n    command: [node, api.js]\n  worker:\n    <<: [*service]\n    command: [node, worker.js]\n',
      ...app("{ grace: '30s' }"),
    },
    finds: [],
  },
  {
    name: 'a variable as the stop_grace_period, which is not known',
    files: {
      'compose.yaml': services('build: .', `stop_grace_period: \${STOP_GRACE:-30s}`),
      ...app("{ grace: '30s' }"),
    },
    finds: [],
  },
  {
    name: 'a finding that a comment takes back',
    files: {
      'compose.yaml': services(
        'build: .',
        '# lastcall-ignore npm-in-front: a job that nobody stops',
        'command: npm run seed',
      ),
    },
    finds: [],
  },
  {
    name: 'an entrypoint script that ends with exec',
    files: {
      'compose.yaml': services(
        'build: .',
        'entrypoint: ["/usr/src/app/entrypoint.sh"]',
        'command: [node, server.js]',
      ),
      'entrypoint.sh': '#!/bin/sh\n. ./env.sh\nexec gosu node "$@"\n',
    },
    finds: [],
  },
]
