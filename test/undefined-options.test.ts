import cluster from 'node:cluster'
import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import {
  type HttpServerOptions,
  healthChecks,
  httpServer,
  type WebSocketServerOptions,
  webSocketServer,
} from '../src/http/index.ts'
import type { Hooks } from '../src/index.ts'
import {
  createTestShutdown,
  type StopOptions,
  type TestShutdownOptions,
} from '../src/testing/index.ts'
import { parseOptions } from '../src/testing/real/options.ts'
import {
  type ChildProcessOptions,
  type ClusterWorkersOptions,
  childProcess,
  clusterWorkers,
  type ProgramOptions,
  supervise,
  type TaskTrackerOptions,
  taskTracker,
  type WorkerThreadOptions,
  workerThread,
} from '../src/workers/index.ts'

/** All options, and `undefined` for each. The compiler refuses the object if one is missing. */
type Unset<Options> = { readonly [Name in keyof Options]-?: undefined }

const place = { name: undefined, phase: undefined, reserve: undefined }
const stop = { ...place, stopWait: undefined, exitCodes: undefined }
const server = createServer()
const sockets = new WebSocketServer({ noServer: true })
const child = { pid: 7, exitCode: null, signalCode: null, once() {} }
const worker = { threadId: 7, postMessage() {}, async terminate() {}, once() {} }

const ofServer: Unset<HttpServerOptions> = {
  ...place,
  health: undefined,
  lameDuck: undefined,
  linger: undefined,
  stragglers: undefined,
  goneClients: undefined,
  refuseWithin: undefined,
  timeout: undefined,
}
const ofSockets: Unset<WebSocketServerOptions> = {
  ...place,
  code: undefined,
  reason: undefined,
  batchSize: undefined,
  batchInterval: undefined,
  busy: undefined,
  goneClients: undefined,
  stragglers: undefined,
  timeout: undefined,
}
const ofChild: Unset<ChildProcessOptions> = {
  ...stop,
  stopSignal: undefined,
  stopMessage: undefined,
  group: undefined,
}
const ofWorker: Unset<WorkerThreadOptions> = { ...stop, stopMessage: undefined }
const ofCluster: Unset<ClusterWorkersOptions> = {
  ...stop,
  stopMessage: undefined,
  startWait: undefined,
  fork: undefined,
}
const ofTracker: Unset<TaskTrackerOptions> = { ...place, timeout: undefined }
const ofProgram: Unset<Omit<ProgramOptions, 'name' | 'command'>> = {
  args: undefined,
  env: undefined,
  cwd: undefined,
  instances: undefined,
  priority: undefined,
  stopSignal: undefined,
  stopWait: undefined,
  group: undefined,
  restart: undefined,
  exitCodes: undefined,
  startFor: undefined,
  startRetries: undefined,
  backoff: undefined,
}
const lameDuck = { atLeast: undefined, atMost: undefined, probes: undefined, quiet: undefined }
const backoff = { initial: undefined, max: undefined, resetAfter: undefined }
const web = { name: 'web', command: 'node' }
const checks = { livez: undefined, readyz: undefined, ready: undefined, log: undefined }
const group = {
  name: undefined,
  exitOn: undefined,
  log: undefined,
  stdout: undefined,
  stderr: undefined,
}

describe('an option that is undefined is as one that is missing:', () => {
  const adapters: [string, (given: boolean) => Hooks][] = [
    ['httpServer()', (given) => httpServer(server, given ? ofServer : {})],
    ['its lame duck', (given) => httpServer(server, { lameDuck: given ? lameDuck : {} })],
    [
      'healthChecks()',
      (given) => httpServer(server, { health: healthChecks(given ? checks : {}) }),
    ],
    ['webSocketServer()', (given) => webSocketServer(sockets, given ? ofSockets : {})],
    ['childProcess()', (given) => childProcess(child, given ? ofChild : {})],
    ['workerThread()', (given) => workerThread(worker, given ? ofWorker : {})],
    ['clusterWorkers()', (given) => clusterWorkers(cluster, given ? ofCluster : {})],
    ['taskTracker()', (given) => taskTracker(given ? ofTracker : {})],
    ['supervise()', (given) => supervise([web], given ? group : {})],
    ['its programs', (given) => supervise([{ ...web, ...(given ? ofProgram : {}) }])],
    ['their backoff', (given) => supervise([{ ...web, backoff: given ? backoff : {} }])],
  ]
  test.each(adapters)('%s', (_name, hooks) => {
    expect(planOf({}, hooks(true))).toEqual(planOf({}, hooks(false)))
  })

  test('createShutdown() and the test kit', () => {
    const unset: Unset<TestShutdownOptions> = {
      name: undefined,
      grace: undefined,
      margin: undefined,
      phases: undefined,
      signals: undefined,
      exitCodes: undefined,
      exit: undefined,
      faults: undefined,
      beforeExit: undefined,
      messages: undefined,
      log: undefined,
      watchdog: undefined,
      env: undefined,
      terminal: undefined,
      advanceTimers: undefined,
    }
    expect(planOf(unset)).toEqual(planOf())
  })

  test('what createShutdown() takes as objects', async () => {
    const { shutdown, signal, advance, ...test } = createTestShutdown({
      signals: {
        on: undefined,
        forceOn: undefined,
        samePressWithin: undefined,
        others: undefined,
        othersWithin: undefined,
      },
      exitCodes: {
        clean: undefined,
        failed: undefined,
        deadline: undefined,
        fault: undefined,
        forced: undefined,
        undelivered: undefined,
      },
      faults: { unhandledRejection: undefined },
      log: { format: undefined, level: undefined },
      phases: { sweep: { priority: 50, reserve: undefined } },
    })
    shutdown.add('sweep', () => Promise.reject(new Error('no')), { phase: 'sweep' })
    shutdown.listen()
    await signal('SIGTERM')
    await advance('1s')
    expect(await test.ended).toMatchObject({ outcome: 'failed', exitCode: 1 })
  })

  test('the short form of add()', () => {
    const unset = { phase: undefined, priority: undefined, timeout: undefined, reserve: undefined }
    const { shutdown } = createTestShutdown()
    shutdown.add('postgres', () => {}, unset)
    expect(shutdown.plan().phases.map(({ name }) => name)).toEqual(['close'])
  })

  test('a logger without the methods that it need not have', async () => {
    const lines: string[] = []
    const write = (_fields: object, message: string) => lines.push(message)
    const optional = { debug: undefined, fatal: undefined, flush: undefined }
    const log = { info: write, warn: write, error: write, ...optional }
    await createTestShutdown({ log }).shutdown.now()
    expect(lines.length).toBeGreaterThan(0)
  })

  test('the functions that stop real programs', () => {
    const unset: Unset<Omit<StopOptions, 'ready'>> = {
      readyWithin: undefined,
      grace: undefined,
      onReady: undefined,
      cwd: undefined,
      env: undefined,
      signal: undefined,
    }
    const parsed = (options: object) =>
      JSON.stringify(parseOptions({ ready: 'up', ...options }, 10))
    expect(parsed(unset)).toBe(parsed({}))
  })
})

function planOf(options: TestShutdownOptions = {}, hooks: Hooks = []) {
  const { shutdown } = createTestShutdown(options)
  shutdown.add(hooks)
  return shutdown.plan()
}
