import { describe, expect, test } from 'vitest'
import { diagnosisOf, formatDiagnosis } from '../../src/platform/diagnose.ts'
import type { ProcessInspection } from '../../src/runtime/process-inspection.ts'

/** A process: what it is run by, and its masks. */
interface Fake {
  readonly pid: number
  readonly parent: number
  readonly argv: readonly string[]
  readonly masks?: { readonly [Line in 'SigIgn' | 'SigBlk' | 'SigCgt']?: string }
}

/** SIGTERM is bit 14, SIGINT bit 1. */
const TERM = '0000000000004000'

function inspectionOf(
  processes: readonly Fake[],
  listeners: Partial<Record<string, unknown[]>> = {},
): ProcessInspection {
  const files = new Map(
    processes.flatMap(({ pid, parent, argv, masks = {} }) => {
      const lines = Object.entries(masks).map(([line, bits]) => `${line}:\t${bits}\n`)
      return [
        [`/proc/${pid}/status`, `Name:\t${argv[0]}\nPPid:\t${parent}\n${lines.join('')}`],
        [`/proc/${pid}/cmdline`, argv.map((arg) => `${arg}\0`).join('')],
      ]
    }),
  )
  const ours = () => {}
  return {
    pid: 7,
    signals: { SIGHUP: 1, SIGINT: 2, SIGPIPE: 13, SIGTERM: 15, SIGIO: 29, SIGPOLL: 29 },
    read: (path) => files.get(path),
    listeners: (signal) =>
      (listeners[signal] ?? [ours]).map((listener) => ({ listener, isOurs: listener === ours })),
  }
}

const SECRET = 'hunter2'
const DSN = `postgres://app:${SECRET}@db/app`

const self: Fake = { pid: 7, parent: 1, argv: ['node', 'server.js'] }
const under = (...argv: string[]) => inspectionOf([self, { pid: 1, parent: 0, argv }])
const found = (inspection: ProcessInspection) =>
  diagnosisOf(inspection).findings.map(({ id, severity }) => `${severity} ${id}`)

describe('the command of a process', () => {
  test.each([
    [['sh', '-c', `DB_PASSWORD=${SECRET} node server.js`], 'sh'],
    [['/bin/sh', '-ec', `exec node server.js ${DSN}`], 'sh'],
    [['/bin/bash', '/app/entrypoint.sh', `--dsn=${DSN}`], 'bash entrypoint.sh'],
    [['bash', '-l', `/app/${SECRET}`], 'bash'],
    [['/bin/busybox', 'sh', '-c', DSN], 'busybox sh'],
    [[`npm run start --password=${SECRET}`], 'npm run start'],
    [[`npm start ${DSN}`], 'npm start'],
    [[`npm --token=${SECRET} start`], 'npm'],
    [[`npm\texec\t${DSN}`], 'npm exec'],
    [['node', '/usr/bin/yarn.js', 'run', 'start:prod', SECRET], 'yarn run start:prod'],
    [['node', '/x/bin/npx-cli.js', 'app', `--key=${SECRET}`], 'npx app'],
    [['node', '/x/bin/npx-cli.js', `git+https://${SECRET}@host/app`], 'npx'],
    [['node', '--watch', '--import', DSN, 'a.js', SECRET], 'node --watch'],
    [['node', '/x/bin/nodemon.js', '--exec', `DSN=${DSN} node a.js`], 'nodemon'],
    [['node', '/x/bin/tsx', 'watch', 'a.ts', SECRET], 'tsx watch'],
    [['tini', '--', 'node', 'server.js', `--dsn=${DSN}`], 'tini'],
    [['lastcall run -- node', `--dsn=${DSN}`], 'lastcall'],
    [[`PM2 v5.3.0: God Daemon (/home/${SECRET}/.pm2)`], 'PM2'],
    [['pm2-runtime', 'start', DSN], 'pm2-runtime'],
    [['/usr/bin/python3', 'app.py', `--dsn=${DSN}`], 'python3'],
    [['node', '-e', `connect('${DSN}')`], 'node'],
    [['/opt/a\u001b]0;title\u0007b', SECRET], 'ab'],
  ])('%j is %s', (argv, command) => {
    const inspection = under(...argv)
    const diagnosis = diagnosisOf(inspection)
    expect(diagnosis.pid1?.command).toBe(command)
    expect(JSON.stringify(diagnosis) + formatDiagnosis(diagnosis)).not.toContain(SECRET)
  })
})

describe('a program in front', () => {
  test.each([
    [['/bin/sh', '-c', 'node server.js; true'], 'shell', 'sh', 'shell-in-front'],
    [['/bin/bash', '/entrypoint.sh'], 'shell', 'bash', 'shell-in-front'],
    [['npm start'], 'package manager', 'npm', 'npm-in-front'],
    [['npm run start:prod'], 'package manager', 'npm', 'npm-in-front'],
    [
      ['node', '/usr/lib/node_modules/npm/bin/npx-cli.js', 'app'],
      'package manager',
      'npx',
      'npm-in-front',
    ],
    [['/usr/bin/node', '/usr/bin/yarn', 'start'], 'package manager', 'yarn', 'npm-in-front'],
    [['node', '/usr/bin/pnpm.cjs', 'start'], 'package manager', 'pnpm', 'npm-in-front'],
    [['node', '/app/node_modules/.bin/nodemon', 'a.js'], 'watcher', 'nodemon', 'watcher-in-front'],
    [['node', '--watch', 'a.js'], 'watcher', 'node', 'watcher-in-front'],
    [['node', '/x/node_modules/.bin/tsx', 'watch', 'a.ts'], 'watcher', 'tsx', 'watcher-in-front'],
    [['tini', '--', 'node', 'a.js'], 'init', 'tini', undefined],
    [['/sbin/docker-init', '--', 'node'], 'init', 'docker-init', undefined],
    [['/lib/systemd/systemd', '--user'], 'init', 'systemd', undefined],
    [['lastcall run -- node server.js'], 'init', 'lastcall', undefined],
    [['PM2 v5.4.0: God Daemon (/root/.pm2)'], 'supervisor', 'PM2', undefined],
    [['-bash'], 'terminal', 'bash', undefined],
    [['/bin/zsh', '-i', '-l'], 'terminal', 'zsh', undefined],
    [['/bin/bash', '--init-file', '/opt/editor/shell.sh'], 'terminal', 'bash', undefined],
    [['bash', '--norc', '--noprofile'], 'terminal', 'bash', undefined],
    [['bash', '--norc', '-c', 'node a.js; true'], 'shell', 'bash', 'shell-in-front'],
    [['bash', '--norc', 'start.sh'], 'shell', 'bash', 'shell-in-front'],
    [['node', 'parent.js'], 'other', 'node', undefined],
  ])('%j is a %s named %s', (argv, kind, name, id) => {
    const inspection = under(...argv)
    expect(diagnosisOf(inspection).pid1).toMatchObject({ pid: 1, kind, name })
    expect(found(inspection)).toEqual(id === undefined ? [] : [`error ${id}`])
  })

  test('the farthest of those that follow each other is named', () => {
    const inspection = inspectionOf([
      { ...self, parent: 6 },
      { pid: 6, parent: 5, argv: ['sh', '-c', 'node server.js'] },
      { pid: 5, parent: 4, argv: ['npm start'] },
      { pid: 4, parent: 3, argv: ['node', 'parent.js'] },
      { pid: 3, parent: 1, argv: ['sh', '-c', 'node parent.js'] },
      { pid: 1, parent: 0, argv: ['systemd'] },
    ])
    const { findings, parents } = diagnosisOf(inspection)
    expect(parents.map(({ pid }) => pid)).toEqual([6, 5, 4, 3, 1])
    expect(findings.map(({ says }) => says)).toEqual([
      expect.stringMatching(/^npm start \(pid 5\) is between this process and PID 1\./),
    ])
  })

  test('it is a warning where it was typed at a terminal', () => {
    const inspection = inspectionOf([
      { ...self, parent: 6 },
      { pid: 6, parent: 5, argv: ['npm start'] },
      { pid: 5, parent: 1, argv: ['-zsh'] },
      { pid: 1, parent: 0, argv: ['systemd'] },
    ])
    expect(found(inspection)).toEqual(['warning npm-in-front'])
  })

  test('parents in a circle do not make it hang', () => {
    const inspection = inspectionOf([self, { pid: 1, parent: 7, argv: ['tini'] }])
    expect(diagnosisOf(inspection).parents.length).toBeLessThan(100)
  })
})

describe('signals', () => {
  const masked = (masks: Fake['masks'], listeners = {}) =>
    inspectionOf(
      [
        { ...self, masks: masks ?? {} },
        { pid: 1, parent: 0, argv: ['tini'] },
      ],
      listeners,
    )

  test('that are ignored or blocked are named, and are findings where they should stop the process', () => {
    const ignored = masked({ SigIgn: '0000000010005000' })
    expect(diagnosisOf(ignored).signals?.ignored).toEqual(['SIGPIPE', 'SIGTERM', 'SIGIO'])
    expect(found(ignored)).toEqual(['error signal-ignored'])
    expect(found(masked({ SigBlk: TERM }))).toEqual(['error signal-blocked'])
    expect(found(masked({ SigIgn: '2' }))).toEqual(['warning signal-ignored'])
    expect(diagnosisOf(masked({ SigCgt: TERM })).signals?.caught).toEqual(['SIGTERM'])
  })

  test('without a listener are found, and do nothing at PID 1', () => {
    expect(found(masked({}, { SIGTERM: [] }))).toEqual(['error nobody-listens'])
    expect(found(masked({}, { SIGINT: [] }))).toEqual(['warning nobody-listens'])
    const alone: ProcessInspection = { ...masked({}, { SIGTERM: [] }), pid: 1 }
    expect(diagnosisOf(alone).findings[0]?.says).toContain('the kernel ignores it')
  })

  test('with listeners of others are listed, and findings where a listener ends the process', () => {
    function closeEverything() {
      process.exit(0)
    }
    const signalExit = () => {
      const emitter = { count: 1 }
      return emitter.count
    }
    const odd = new Proxy(() => {}, {})
    const { listeners, findings } = diagnosisOf(
      masked({}, { SIGTERM: [closeEverything, signalExit, odd], SIGINT: [() => {}] }),
    )
    expect(listeners).toEqual([
      {
        signal: 'SIGTERM',
        ours: 0,
        others: [
          { name: 'closeEverything', exits: true },
          { name: 'signal-exit', exits: false },
          { name: '', exits: false },
        ],
      },
      { signal: 'SIGINT', ours: 0, others: [{ name: '', exits: false }] },
    ])
    expect(findings.map(({ id, says }) => [id, says])).toEqual([
      ['listener-exits', expect.stringMatching(/^The listener closeEverything of SIGTERM ends/)],
    ])
  })
})

test('without /proc only the listeners are known', () => {
  const diagnosis = diagnosisOf(inspectionOf([]))
  expect(diagnosis).toMatchObject({
    hasProc: false,
    pid1: null,
    parents: [],
    cgroup: null,
    signals: null,
  })
  expect(formatDiagnosis(diagnosis)).toBe(
    [
      'pid 7; there is no /proc, so only the listeners are known',
      'SIGTERM: heard by lastcall',
      'SIGINT: heard by lastcall',
      'nothing found that would break the stop',
    ].join('\n'),
  )
})

test('it is plain data', () => {
  const diagnosis = diagnosisOf(under('npm start'))
  expect(JSON.parse(JSON.stringify(diagnosis))).toEqual(diagnosis)
})
