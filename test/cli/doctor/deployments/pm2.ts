import { app, type Deployment, manifest } from './deployment.ts'

const ecosystem = (...lines: readonly string[]) => ({
  'ecosystem.config.js': `module.exports = {\n  apps: [\n    {\n${lines.map((line) => `      ${line},\n`).join('')}    },\n  ],\n}\n`,
})

export const broken: readonly Deployment[] = [
  {
    name: 'no kill_timeout, and a grace of more than 1600 ms',
    seen: 'Unitech/pm2#1522, jfoclpf/geoapi.pt#113',
    files: { ...ecosystem("name: 'shop'", "script: './server.js'"), ...app("{ grace: '10s' }") },
    finds: ['ecosystem.config.js:3 grace-too-short'],
  },
  {
    name: 'a kill_timeout below the grace',
    seen: 'Unitech/pm2#1810',
    files: {
      ...ecosystem("script: 'server.js'", 'kill_timeout: 3000'),
      ...app('{ grace: 10_000 }'),
    },
    finds: ['ecosystem.config.js:5 grace-too-short'],
  },
  {
    name: 'npm as the script',
    seen: 'Unitech/pm2#4083',
    files: {
      ...ecosystem("name: 'shop'", "script: 'npm'", "args: 'run start'"),
      ...manifest({ start: 'node dist/server.js --port 3000' }),
    },
    finds: ['ecosystem.config.js:5 npm-in-front'],
  },
  {
    name: 'a script of the shell without exec',
    seen: 'Unitech/pm2#1715',
    files: {
      'process.json':
        '{\n  "apps": [\n    {\n      "name": "shop",\n      "script": "./scripts/start-node.sh",\n      "interpreter": "bash"\n    }\n  ]\n}\n',
      'scripts/start-node.sh': '#!/bin/bash\n\nnode_modules/.bin/babel-node index.js\n',
    },
    finds: ['scripts/start-node.sh:3 script-without-exec'],
  },
  {
    name: 'npm in YAML, without treekill',
    seen: 'Unitech/pm2#1715',
    files: {
      'ecosystem.config.yml':
        'apps:\n  - name: shop\n    script: npm\n    args: start\n    treekill: false\n',
      ...manifest({ start: 'node server.js' }),
    },
    finds: ['ecosystem.config.yml:3 npm-in-front', 'ecosystem.config.yml:5 treekill-off'],
  },
  {
    name: 'a message that the application does not listen to',
    seen: 'Unitech/pm2#4474',
    files: {
      ...ecosystem("script: 'server.js'", 'shutdown_with_message: true'),
      ...app("{ messages: ['stop'] }"),
    },
    finds: ['ecosystem.config.js:5 message-unheard'],
  },
  {
    name: 'wait_ready for what is never said',
    seen: 'Unitech/pm2#1166',
    files: {
      ...ecosystem(
        "script: 'server.js'",
        'instances: 2',
        "exec_mode: 'cluster'",
        'wait_ready: true',
      ),
      ...app(),
    },
    finds: ['ecosystem.config.js:7 ready-never-said'],
  },
  {
    name: 'a watcher as the script',
    seen: 'nodejs/node#2907',
    files: ecosystem("script: 'node_modules/.bin/nodemon'", "args: '--watch src server.js'"),
    finds: ['ecosystem.config.js:4 watcher-in-front'],
  },
  {
    name: 'node --watch by its arguments, as an ES module with a constant',
    files: {
      'pm2.config.mjs':
        "const apps = [{ script: './server.js', node_args: ['--watch', '--enable-source-maps'] }]\n\nexport default { apps }\n",
    },
    finds: ['pm2.config.mjs:1 watcher-in-front'],
  },
  {
    name: 'yarn, and options that are shared',
    files: {
      'ecosystem.config.cjs':
        "const shared = { kill_timeout: 5000, autorestart: true }\nmodule.exports.apps = [\n  { ...shared, name: 'api', script: 'yarn', args: ['start:prod'] },\n]\n",
      ...manifest({ 'start:prod': 'node api.js' }),
    },
    finds: ['ecosystem.config.cjs:3 npm-in-front'],
  },
  {
    name: 'a kill_timeout that is shared, and too short',
    files: {
      'ecosystem.config.cjs':
        "const shared = { kill_timeout: 5 * 1000 }\nmodule.exports = { apps: [{ ...shared, script: 'api.js' }] }\n",
      ...app("{ grace: '8s' }"),
    },
    finds: ['ecosystem.config.cjs:1 grace-too-short'],
  },
]

export const sound: readonly Deployment[] = [
  {
    name: 'programs of other languages beside it',
    files: {
      ...ecosystem("script: 'model.py'", "interpreter: '/venv/bin/python3.12'"),
      ...app("{ grace: '30s' }"),
    },
    finds: [],
  },
  {
    name: 'a kill_timeout of the grace',
    files: {
      ...ecosystem("script: 'server.js'", 'kill_timeout: 10_000'),
      ...app("{ grace: '10s' }"),
    },
    finds: [],
  },
  {
    name: 'no grace, for which lastcall reads the kill_timeout',
    files: { ...ecosystem("script: 'server.js'", "env: { NODE_ENV: 'production' }"), ...app() },
    finds: [],
  },
  {
    name: 'a message that the application listens to',
    files: { ...ecosystem("script: 'server.js'", 'shutdown_with_message: true'), ...app() },
    finds: [],
  },
  {
    name: 'wait_ready, and a source that says it',
    files: {
      ...ecosystem("script: 'server.js'", 'wait_ready: true', 'listen_timeout: 5000'),
      'server.js': "server.listen(3000, () => process.send?.('ready'))\n",
    },
    finds: [],
  },
  {
    name: 'an application without treekill, which ends its children itself',
    files: ecosystem("script: 'server.js'", 'treekill: false'),
    finds: [],
  },
  {
    name: 'JSON, with a program of its own',
    files: {
      'ecosystem.json': '[{ "name": "job", "script": "./bin/job", "interpreter": "none" }]\n',
    },
    finds: [],
  },
  {
    name: 'YAML',
    files: {
      'ecosystem.config.yaml':
        'apps:\n  - script: server.js\n    kill_timeout: 30000\n    node_args: --enable-source-maps\n',
      ...app("{ grace: '30s' }"),
    },
    finds: [],
  },
  {
    name: 'a script of the shell that gives its place away',
    files: {
      ...ecosystem("script: './start.sh'"),
      'start.sh': '#!/usr/bin/env bash\nset -euo pipefail\nsource .env\nexec node server.js "$@"\n',
    },
    finds: [],
  },
  {
    name: 'what is no literal, which is not known',
    files: {
      ...ecosystem('script: process.env.SCRIPT', 'kill_timeout: timeoutOf(process.env)'),
      'pm2.config.cjs':
        "module.exports = { apps: [{ script: 'a.js', kill_timeout: Number(process.env.T) }] }\n",
      ...app("{ grace: '10s' }"),
    },
    finds: [],
  },
  {
    name: 'a finding that a comment takes back',
    files: ecosystem(
      "script: 'npm', // lastcall-ignore npm-in-front: ends before anybody stops it\n      args: 'run seed'",
    ),
    finds: [],
  },
  {
    name: 'a grace that is no literal, which is not known',
    files: { ...ecosystem("script: 'server.js'"), ...app('{ grace: config.grace }') },
    finds: [],
  },
]
