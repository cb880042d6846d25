import { app, type Deployment, manifest } from './deployment.ts'

export const broken: readonly Deployment[] = [
  {
    name: 'the shell form of CMD',
    seen: 'mikesir87/swarm-viz#12',
    files: { Dockerfile: 'FROM node:20\nWORKDIR /app\nCOPY . .\nCMD node server.js\n' },
    finds: ['Dockerfile:4 shell-in-front'],
  },
  {
    name: 'npm start as PID 1',
    seen: 'TryGhost/docker-library-ghost#37',
    files: {
      Dockerfile: 'FROM node:20\nWORKDIR /app\nCOPY . .\nCMD ["npm", "start"]\n',
      ...manifest({ start: 'node index' }),
    },
    finds: ['Dockerfile:4 npm-in-front'],
  },
  {
    name: 'an entrypoint script without exec',
    seen: 'thelounge/thelounge-docker#24, immich-app/immich#1203',
    files: {
      Dockerfile:
        'FROM node:20\nCOPY docker/start.sh /usr/local/bin/entrypoint.sh\nENTRYPOINT ["entrypoint.sh"]\nCMD ["node", "server.js"]\n',
      'docker/start.sh': '#!/bin/sh\nset -e\n\nnode migrate.js\n\n"$@"\n',
    },
    finds: ['docker/start.sh:6 script-without-exec'],
  },
  {
    name: 'an entrypoint script that starts npm',
    seen: 'VROOM-Project/vroom-docker#58',
    files: {
      Dockerfile: 'FROM node:20\nCOPY . /app\nENTRYPOINT ["/app/docker-entrypoint.sh"]\n',
      'docker-entrypoint.sh': `#!/bin/bash\ncd /vroom-express\nVROOM_ROUTER=\${VROOM_ROUTER} npm start\n`,
      ...manifest({ start: 'node src/index.js' }),
    },
    finds: ['docker-entrypoint.sh:3 npm-in-front'],
  },
  {
    name: 'sh -c in the exec form',
    seen: 'menagerai/menagerai#1',
    files: {
      Dockerfile: `FROM node:20\nCOPY . .\nCMD ["sh", "-c", "node \\"dist/\${ENTRYPOINT:-server}.js\\""]\n`,
    },
    finds: ['Dockerfile:3 shell-in-front'],
  },
  {
    name: 'npm under dumb-init',
    seen: 'Yelp/dumb-init#121',
    files: {
      Dockerfile:
        'FROM node:20\nCOPY . .\nENTRYPOINT ["dumb-init", "--"]\nCMD ["npm", "run", "start"]\n',
      ...manifest({ start: 'node index.js' }),
    },
    finds: ['Dockerfile:4 npm-in-front'],
  },
  {
    name: 'a STOPSIGNAL that nobody listens to',
    files: {
      Dockerfile: 'FROM node:20-alpine\nCOPY . .\nSTOPSIGNAL SIGQUIT\nCMD ["node", "server.js"]\n',
      ...app("{ grace: '8s' }"),
    },
    finds: ['Dockerfile:3 stop-signal-unheard'],
  },
  {
    name: 'nodemon in production',
    seen: 'nodejs/node#2907',
    files: {
      Dockerfile: 'FROM node:20\nCOPY . .\nCMD ["npx", "nodemon", "--watch", "src", "server.js"]\n',
    },
    finds: ['Dockerfile:3 npm-in-front'],
  },
  {
    name: 'pm2 start, which returns',
    files: { Dockerfile: 'FROM node:20\nCOPY . .\nCMD ["pm2", "start", "ecosystem.config.js"]\n' },
    finds: ['Dockerfile:3 daemon-in-front'],
  },
  {
    name: 'a migration before the server, in the last of several stages, over several lines',
    files: {
      Dockerfile:
        'FROM node:20 AS build\nRUN npm ci && npm run build\nCMD npm start\n\nFROM node:20-slim\nCOPY --from=build /app /app\nCMD node dist/migrate.js \\\n  && node dist/server.js\n',
    },
    finds: ['Dockerfile:7 shell-in-front'],
  },
  {
    name: 'two programs of one CMD',
    files: {
      Dockerfile: 'FROM node:20\nCOPY . .\nCMD node worker.js & node server.js\n',
    },
    finds: ['Dockerfile:3 several-programs'],
  },
  {
    name: 'STOPSIGNAL SIGKILL, by its number, on a stage of the same file',
    files: {
      'deploy/api.Dockerfile':
        'FROM node:20 AS base\nSTOPSIGNAL 9\n\nFROM base\nCOPY . .\nENTRYPOINT exec node server.js\n',
    },
    finds: ['deploy/api.Dockerfile:2 stop-signal-unheard'],
  },
  {
    name: 'output piped into a formatter',
    files: { Dockerfile: 'FROM node:20\nCOPY . .\nCMD node server.js | npx pino-pretty\n' },
    finds: ['Dockerfile:3 shell-in-front'],
  },
]

export const sound: readonly Deployment[] = [
  {
    name: "a shell's own brackets, and exec",
    files: { Dockerfile: 'FROM node\nCMD [ "$SEED" ] && node seed.js; exec node server.js\n' },
    finds: [],
  },
  {
    name: 'the exec form',
    files: { Dockerfile: 'FROM node:20\nCOPY . .\nCMD ["node", "server.js"]\n' },
    finds: [],
  },
  {
    name: 'the shell form with exec, and a variable',
    files: {
      Dockerfile: `FROM node:20\nCOPY . .\nCMD exec node server.js --port \${PORT:-3000}\n`,
    },
    finds: [],
  },
  {
    name: 'an entrypoint script that ends with exec "$@"',
    files: {
      Dockerfile:
        'FROM node:20\nCOPY entrypoint.sh /entrypoint.sh\nENTRYPOINT ["/entrypoint.sh"]\nCMD ["node", "server.js"]\n',
      'entrypoint.sh':
        '#!/bin/sh\nset -e\n# npm start would be in front\nif [ "$1" = "node" ]; then\n  node migrate.js\nfi\nexec "$@"\n',
    },
    finds: [],
  },
  {
    name: 'the script of the official image',
    seen: 'nodejs/docker-node#1687',
    files: {
      Dockerfile:
        'FROM debian:12\nCOPY docker-entrypoint.sh /usr/local/bin/\nENTRYPOINT ["docker-entrypoint.sh"]\nCMD [ "node" ]\n',
      'docker-entrypoint.sh': `#!/bin/sh\nset -e\n\n# Run command with node if the first argument contains a "-" or is not a system command.\nif [ "\${1#-}" != "\${1}" ] || [ -z "$(command -v "\${1}")" ] || { [ -f "\${1}" ] && ! [ -x "\${1}" ]; }; then\n  set -- node "$@"\nfi\n\nexec "$@"\n`,
    },
    finds: [],
  },
  {
    name: 'tini over node',
    files: {
      Dockerfile:
        'FROM node:20\nRUN apt-get install -y tini\nENTRYPOINT ["/usr/bin/tini", "-g", "--"]\nCMD ["node", "--enable-source-maps", "dist/server.js"]\n',
    },
    finds: [],
  },
  {
    name: 'a migration before the server, and exec',
    files: {
      Dockerfile:
        'FROM node:20\nCOPY . .\nCMD ["sh", "-c", "node migrate.js && exec node server.js"]\n',
    },
    finds: [],
  },
  {
    name: 'STOPSIGNAL SIGINT, and one that the application listens to',
    files: {
      Dockerfile: 'FROM node:20\nSTOPSIGNAL SIGINT\nCMD ["node", "server.js"]\n',
      'worker/Dockerfile': 'FROM node:20\nSTOPSIGNAL SIGQUIT\nCMD ["node", "worker.js"]\n',
      ...app(),
      'worker/index.js':
        "const { createShutdown } = require('lastcall')\ncreateShutdown({ signals: ['SIGTERM', 'SIGQUIT'] }).listen()\n",
    },
    finds: [],
  },
  {
    name: 'lastcall run, and a group',
    files: {
      Dockerfile:
        'FROM node:20\nCMD ["node_modules/.bin/lastcall", "run", "--grace", "10s", "--", "node", "server.js"]\n',
      'group/Dockerfile':
        'FROM node:20\nENTRYPOINT ["node_modules/.bin/lastcall", "run", "--config", "lastcall.config.json"]\n',
    },
    finds: [],
  },
  {
    name: 'heredocs, ONBUILD, npm in RUN, and a first stage that nobody starts',
    files: {
      Dockerfile:
        '# syntax=docker/dockerfile:1\nFROM node:20 AS build\nRUN <<EOF\nset -e\nnpm ci\nCMD npm start\nEOF\nCMD npm start\n\nFROM node:20\nONBUILD CMD ["npm", "start"]\nCOPY --from=build /app /app\nHEALTHCHECK CMD node health.js\nCMD ["node", "server.js"]\n',
    },
    finds: [],
  },
  {
    name: 'pm2-runtime, and a Dockerfile for development',
    files: {
      Dockerfile: 'FROM node:20\nCMD ["pm2-runtime", "start", "ecosystem.config.js"]\n',
      'Dockerfile.dev': 'FROM node:20\nCMD npm run dev\n',
    },
    finds: [],
  },
  {
    name: 'the user changed on the way',
    files: {
      Dockerfile:
        'FROM node:20-alpine\nENV NODE_ENV=production\nENTRYPOINT ["tini", "--", "su-exec", "node", "env", "TZ=UTC"]\nCMD ["node", "server.js"]\n',
    },
    finds: [],
  },
]
