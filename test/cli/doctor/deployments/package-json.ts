import { type Deployment, manifest } from './deployment.ts'

export const broken: readonly Deployment[] = [
  {
    name: 'nodemon',
    seen: 'nodejs/node#2907',
    files: manifest({ start: 'nodemon server.js' }),
    finds: ['package.json:4 watcher-in-front'],
  },
  {
    name: 'a migration before the server',
    seen: 'npm/cli#5776',
    files: manifest({ build: 'tsc', start: 'node migrate.js && node server.js' }),
    finds: ['package.json:5 shell-in-front'],
  },
  {
    name: 'two programs, one of them in the background',
    files: manifest({ start: 'node worker.js & node server.js' }),
    finds: ['package.json:4 several-programs'],
  },
  {
    name: 'npm in npm',
    files: manifest({
      build: 'tsc',
      serve: 'node dist/server.js',
      start: 'npm run build && npm run serve',
    }),
    finds: ['package.json:6 npm-in-front'],
  },
  {
    name: 'concurrently, where the end of one leaves the others',
    seen: 'open-cli-tools/concurrently#4',
    files: manifest({ start: 'concurrently "node api.js" "node worker.js --queue mail"' }),
    finds: ['package.json:4 several-programs'],
  },
  {
    name: 'npm-run-all in parallel',
    files: manifest({
      api: 'node api.js',
      worker: 'node worker.js',
      'start:prod': 'npm-run-all --parallel api worker',
    }),
    finds: ['package.json:6 several-programs'],
  },
  {
    name: 'tsx watch',
    files: manifest({ start: 'NODE_ENV=production tsx watch src/server.ts' }),
    finds: ['package.json:4 watcher-in-front'],
  },
  {
    name: 'node --watch',
    files: manifest({
      'start:prod': 'cross-env NODE_ENV=production node --watch-path=src dist/server.js',
    }),
    finds: ['package.json:4 watcher-in-front'],
  },
  {
    name: 'output piped into a formatter',
    files: manifest({ start: 'node server.js | pino-pretty' }),
    finds: ['package.json:4 shell-in-front'],
  },
  {
    name: 'an export before it',
    seen: 'Unitech/pm2#4083',
    files: manifest({ start: 'export NODE_ENV=production&&node index.js' }),
    finds: ['package.json:4 shell-in-front'],
  },
  {
    name: 'ts-node-dev, in a package of a workspace',
    files: {
      'packages/api/package.json':
        '{\n\t"scripts": {\n\t\t"start": "ts-node-dev --respawn --transpile-only src/index.ts"\n\t}\n}\n',
    },
    finds: ['packages/api/package.json:3 watcher-in-front'],
  },
  {
    name: 'a script of the shell without exec',
    files: {
      ...manifest({ start: './start.sh' }),
      'start.sh': '#!/bin/sh\nnode migrate.js\nnode server.js\n',
    },
    finds: ['start.sh:3 script-without-exec'],
  },
]

export const sound: readonly Deployment[] = [
  {
    name: 'node',
    files: manifest({ start: 'node server.js', dev: 'nodemon server.js' }),
    finds: [],
  },
  { name: 'exec', files: manifest({ start: 'node migrate.js && exec node server.js' }), finds: [] },
  {
    name: 'variables before it, and a watcher for development',
    files: manifest({
      start: 'NODE_ENV=production node server.js',
      'start:dev': 'nest start --watch',
    }),
    finds: [],
  },
  {
    name: 'cross-env',
    files: manifest({ start: 'cross-env NODE_ENV=production node dist/main' }),
    finds: [],
  },
  {
    name: 'work before it in scripts of its own',
    files: manifest({
      prestart: 'npm run build',
      build: 'tsc',
      start: 'node dist/server.js',
      pretest: 'npm run lint',
    }),
    finds: [],
  },
  {
    name: 'a daemon, which is over when it has started',
    files: manifest({ 'start:prod': 'npm run build && pm2 start ecosystem.config.cjs' }),
    finds: [],
  },
  { name: 'tsx', files: manifest({ start: 'tsx src/server.ts' }), finds: [] },
  {
    name: 'concurrently, where one ends all',
    files: manifest({ start: 'concurrently --kill-others "node api.js" "node worker.js"' }),
    finds: [],
  },
  {
    name: 'lastcall run',
    files: manifest({ start: 'lastcall run --config lastcall.config.json' }),
    finds: [],
  },
  {
    name: 'a framework',
    files: manifest({ start: 'next start -p 3000', build: 'next build && next-sitemap' }),
    finds: [],
  },
  {
    name: 'no scripts',
    files: { 'package.json': '{ "name": "shop", "version": "1.0.0" }\n' },
    finds: [],
  },
  {
    name: 'a script of the shell that gives its place away',
    files: {
      ...manifest({ start: 'sh ./start.sh' }),
      'start.sh': 'set -e\nnode migrate.js\nexec node server.js\n',
    },
    finds: [],
  },
]
