// An application whose settings come from its environment, so each of them may be missing.
import { fork } from 'node:child_process'
import cluster from 'node:cluster'
import { createServer } from 'node:http'
import { Worker } from 'node:worker_threads'
import { createShutdown, type Logger, type PhaseName } from 'lastcall'
import {
  expressShutdown,
  type FastifyLike,
  fastifyShutdown,
  healthChecks,
  httpServer,
  type WebSocketServerLike,
  webSocketServer,
} from 'lastcall/http'
import { createTestShutdown, stopLikeKubernetes, stopLikePm2 } from 'lastcall/testing'
import {
  childProcess,
  clusterWorkers,
  supervise,
  taskTracker,
  workerThread,
} from 'lastcall/workers'

declare const pool: { end(): Promise<void> }
declare const sockets: WebSocketServerLike
declare const app: FastifyLike
declare const logger: Logger | undefined
declare const debug: Logger['debug']
declare const phase: PhaseName | undefined
declare function optional<T>(): T | undefined
const { GRACE, MARGIN, TIMEOUT, NAME, LINGER } = process.env

const shutdown = createShutdown({
  name: NAME,
  grace: GRACE,
  margin: MARGIN,
  phases: { sweep: { priority: 50, reserve: process.env.SWEEP } },
  signals: {
    on: optional(),
    forceOn: optional(),
    samePressWithin: optional(),
    others: optional(),
    othersWithin: optional(),
  },
  exitCodes: { clean: optional(), failed: optional(), deadline: optional(), forced: optional() },
  faults: { unhandledRejection: optional() },
  exit: optional(),
  beforeExit: optional(),
  messages: optional(),
  watchdog: optional(),
  log: logger,
})
createShutdown({ grace: GRACE ?? '10s', log: { format: optional(), level: optional() } })
createShutdown({ log: { ...console, debug, fatal: optional(), flush: optional() } })

shutdown.add('postgres', () => pool.end(), { phase, timeout: TIMEOUT, reserve: optional() })
shutdown.add({ name: 'events', phase: 'flush', run: () => pool.end(), timeout: TIMEOUT })
shutdown.add([
  { name: 'orders', phase: 'flush', run: () => pool.end(), reserve: TIMEOUT },
  { name: 'mail', priority: 250, run: () => pool.end(), timeout: optional() },
])

const health = healthChecks({ livez: NAME, readyz: NAME, ready: optional(), log: logger })
const server = createServer(health)
const ofServer = { name: NAME, phase, linger: LINGER, timeout: TIMEOUT, reserve: TIMEOUT }
shutdown.add(
  httpServer(server, {
    ...ofServer,
    health: optional(),
    lameDuck: { atLeast: optional(), atMost: optional(), probes: optional(), quiet: optional() },
    stragglers: optional(),
    goneClients: optional(),
    refuseWithin: optional(),
  }),
)
expressShutdown(shutdown, { ...ofServer, health: optional() })
fastifyShutdown(app, { ...ofServer, shutdown, health: optional() }, () => {})
shutdown.add(
  webSocketServer(sockets, {
    name: NAME,
    phase,
    code: optional(),
    reason: NAME,
    batchSize: optional(),
    batchInterval: optional(),
    busy: optional(),
  }),
)

const ofStop = { name: NAME, phase, stopWait: TIMEOUT, exitCodes: optional<number[]>() }
shutdown.add(childProcess(fork('a.js'), { ...ofStop, stopSignal: optional(), group: optional() }))
shutdown.add(workerThread(new Worker('a.js'), { ...ofStop, stopMessage: optional() }))
shutdown.add(clusterWorkers(cluster, { ...ofStop, startWait: optional(), fork: optional() }))
const jobs = taskTracker({ name: NAME, phase, timeout: TIMEOUT, reserve: optional() })
shutdown.add(jobs)
jobs.run(() => pool.end(), { name: NAME, timeout: TIMEOUT })
const program = { name: 'web', command: 'node', args: optional<string[]>(), cwd: process.env.CWD }
supervise([{ ...program, stopWait: TIMEOUT, backoff: { initial: optional(), max: optional() } }], {
  name: NAME,
  exitOn: optional(),
  log: logger,
  stdout: optional(),
})

createTestShutdown({ grace: GRACE, env: optional(), terminal: optional() })
const ofProgram = { ready: 'up', grace: GRACE, cwd: process.env.CWD, env: { NAME } }
stopLikeKubernetes('node a.js', { ...ofProgram, readyWithin: optional(), preStop: optional() })
stopLikePm2('node a.js', { ...ofProgram, signal: optional(), message: optional() })
