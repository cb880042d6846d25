import { app, type Deployment, manifest } from './deployment.ts'

const START = 'ExecStart=/usr/bin/node /srv/shop/server.js'

/** A unit with these settings of its service. */
function unit(...settings: readonly string[]): string {
  return `[Unit]\nDescription=shop\nAfter=network.target\n\n[Service]\n${settings.map((line) => `${line}\n`).join('')}\n[Install]\nWantedBy=multi-user.target\n`
}

export const broken: readonly Deployment[] = [
  {
    name: 'a TimeoutStopSec below the grace',
    seen: 'buildkite/agent#819',
    files: { 'shop.service': unit(START, 'TimeoutStopSec=10'), ...app("{ grace: '30s' }") },
    finds: ['shop.service:7 grace-too-short'],
  },
  {
    name: 'no TimeoutStopSec, and a grace of more than 90 s',
    files: { 'shop.service': unit(START), ...app("{ grace: '5m' }") },
    finds: ['shop.service:6 grace-too-short'],
  },
  {
    name: 'a drop-in that shortens the time',
    seen: 'systemd/systemd#3901',
    files: {
      'etc/shop.service': unit(START, 'TimeoutStopSec=1min 30s'),
      'etc/shop.service.d/10-faster.conf': '[Service]\nTimeoutStopSec=5s\n',
      ...app("{ grace: '30s' }"),
    },
    finds: ['etc/shop.service.d/10-faster.conf:2 grace-too-short'],
  },
  {
    name: 'KillMode=none',
    files: { 'shop.service': unit(START, 'KillMode=none') },
    finds: ['shop.service:7 kill-mode'],
  },
  {
    name: 'KillMode=process',
    seen: 'ParadoxAlarmInterface/pai#156, ddollar/foreman#658',
    files: { 'shop.service': unit('KillMode=process', START) },
    finds: ['shop.service:6 kill-mode'],
  },
  {
    name: 'a KillSignal that nobody listens to',
    files: { 'shop.service': unit(START, 'KillSignal=SIGQUIT'), ...app() },
    finds: ['shop.service:7 stop-signal-unheard'],
  },
  {
    name: 'npm start, which alone is signalled',
    seen: 'npm/npm#8162',
    files: {
      'shop.service': unit(
        'WorkingDirectory=/srv/shop',
        'ExecStart=/usr/bin/npm start',
        'KillMode=mixed',
      ),
      ...manifest({ start: 'node server.js' }),
    },
    finds: ['shop.service:7 npm-in-front'],
  },
  {
    name: 'a shell as the main process',
    seen: 'systemd/systemd#8122',
    files: {
      'shop.service': unit(
        "ExecStart=/bin/sh -c 'cd /srv/shop && node server.js >> /var/log/shop.log 2>&1'",
      ),
    },
    finds: ['shop.service:6 shell-in-front'],
  },
  {
    name: 'ExecStop with kill -9',
    files: { 'shop.service': unit(START, 'ExecStop=/bin/kill -9 $MAINPID') },
    finds: ['shop.service:7 exec-stop-kills'],
  },
  {
    name: 'ExecStop that signals whatever is named node',
    files: { 'shop.service': unit(START, 'ExecStop=/usr/bin/pkill node') },
    finds: ['shop.service:7 exec-stop-kills'],
  },
  {
    name: 'Type=forking for what does not fork',
    files: { 'shop.service': unit('Type=forking', START) },
    finds: ['shop.service:6 type-forking'],
  },
  {
    name: 'SIGHUP right after SIGTERM',
    files: { 'shop.service': unit(START, 'SendSIGHUP=yes') },
    finds: ['shop.service:7 hangup-sent'],
  },
  {
    name: 'an exit code that systemd takes for a failure',
    seen: 'systemd.service(5), SuccessExitStatus',
    files: {
      'shop.service': unit(START, 'Restart=on-failure'),
      ...app("{ exitCodes: { clean: 'signal' } }"),
    },
    finds: ['shop.service:6 exit-code-unclean'],
  },
]

export const sound: readonly Deployment[] = [
  {
    name: 'an option of the application that only looks like one of node',
    files: { 'shop.service': unit('ExecStart=/usr/bin/node scripts/worker.mjs --watch') },
    finds: [],
  },
  { name: 'node, and the defaults', files: { 'shop.service': unit(START), ...app() }, finds: [] },
  {
    name: 'time for the grace',
    files: { 'shop.service': unit(START, 'TimeoutStopSec=2min'), ...app("{ grace: '110s' }") },
    finds: [],
  },
  {
    name: 'all the time there is',
    files: {
      'a.service': unit(START, 'TimeoutStopSec=infinity'),
      'b.service': unit(START, 'TimeoutStopSec=0'),
      ...app("{ grace: '10m' }"),
    },
    finds: [],
  },
  {
    name: 'KillMode=mixed',
    seen: 'netdata/netdata#391',
    files: { 'shop.service': unit(START, 'KillMode=mixed', 'SendSIGKILL=yes') },
    finds: [],
  },
  {
    name: 'KillSignal=SIGINT, over several lines',
    files: {
      'shop.service': unit(
        'ExecStart=/usr/bin/node --enable-source-maps \\',
        '# a comment between them',
        '  /srv/shop/server.js',
        'KillSignal=SIGINT',
      ),
      ...app(),
    },
    finds: [],
  },
  {
    name: 'a shell that gives its place away',
    files: { 'shop.service': unit("ExecStart=/bin/sh -c 'exec node server.js --port $PORT'") },
    finds: [],
  },
  {
    name: 'SIGHUP for who listens to it',
    files: {
      'shop.service': unit(START, 'SendSIGHUP=yes'),
      ...app("{ signals: ['SIGTERM', 'SIGHUP'] }"),
    },
    finds: [],
  },
  {
    name: '143 declared as clean',
    files: {
      'shop@.service': unit(START, 'Restart=on-failure', 'SuccessExitStatus=143'),
      ...app("{ exitCodes: { clean: 'signal' } }"),
    },
    finds: [],
  },
  {
    name: 'PM2 as it sets itself up, which does fork',
    files: {
      'pm2-shop.service': unit(
        'Type=forking',
        'PIDFile=/home/shop/.pm2/pm2.pid',
        'ExecStart=/usr/lib/node_modules/pm2/bin/pm2 resurrect',
        'ExecReload=/usr/lib/node_modules/pm2/bin/pm2 reload all',
        'ExecStop=/usr/lib/node_modules/pm2/bin/pm2 kill',
      ),
    },
    finds: [],
  },
  {
    name: 'a drop-in that grants more, and one for a unit that is elsewhere',
    files: {
      'shop.service': unit(START, 'TimeoutStopSec=5'),
      'shop.service.d/time.conf': '[Service]\nTimeoutStopSec=120\n',
      'other.service.d/env.conf': '[Service]\nEnvironment=NODE_ENV=production\n',
      ...app("{ grace: '100s' }"),
    },
    finds: [],
  },
  {
    name: 'a program of somebody else',
    files: {
      'proxy.service': unit('Type=forking', 'ExecStart=/usr/sbin/nginx', 'KillSignal=SIGQUIT'),
    },
    finds: [],
  },
]
