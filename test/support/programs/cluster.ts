import type { HookReport } from 'lastcall'
import { onTestFinished } from 'vitest'
import { RawClient } from '../clients/raw-client.ts'
import { until } from '../service.ts'
import { isAlive } from './programs.ts'
import { Script } from './script.ts'

/** What a test wants of its cluster: pieces of JavaScript, and how many workers there are. */
export interface ClusterOptions {
  /** The options of `clusterWorkers()`. */
  readonly options?: string
  /** The options of the primary's shutdown. Default: a grace that no test comes near to. */
  readonly shutdown?: string
  /** What the primary does before its workers are forked. */
  readonly primary?: string
  /** What a worker runs. Default: `server()`. */
  readonly worker?: string
  readonly workers?: number
  readonly policy?: 'SCHED_RR' | 'SCHED_NONE'
  /** Whether the cluster is handed over when its workers have come to run already. */
  readonly late?: boolean
  /** Whether it has a process group of its own, as a job of a shell has. */
  readonly group?: boolean
}

const SAY = `const say = (...words) => process.stdout.write(words.join(' ') + '\\n')`

/** A worker with this library and a server. Its answers are its number. */
export function server(
  body = '',
  options = '{}',
  listen = `server.listen(0, '127.0.0.1')`,
): string {
  return `
    import cluster from 'node:cluster'
    import { once } from 'node:events'
    import { createServer } from 'node:http'
    import { createShutdown } from 'lastcall'
    import { httpServer } from 'lastcall/http'
    ${SAY}
    const { id } = cluster.worker
    const held = []
    process.on('message', (message) => {
      if (message === 'release') for (const response of held.splice(0)) response.end(String(id))
    })
    const server = createServer((request, response) => {
      if (request.url !== '/held') return setTimeout(() => response.end(String(id)), 2)
      held.push(response)
      say('holds', id)
    })
    const shutdown = createShutdown({ grace: '60s', log: { format: 'text', level: 'warn' } })
    shutdown.add(httpServer(server, ${options}))
    shutdown.on('start', ({ reason }) => say('notified', id, reason.kind))
    shutdown.listen()
    ${body}
    ${listen}
  `
}

/** A worker without this library, that does this as well. */
export function bare(body = ''): string {
  return `
    import cluster from 'node:cluster'
    import { createServer } from 'node:http'
    ${SAY}
    const { id } = cluster.worker
    process.on('message', (message) => say('message', id, message))
    process.on('disconnect', () => say('disconnected', id))
    ${body}
    createServer((request, response) => response.end(String(id))).listen(0, '127.0.0.1')
  `
}

/** A worker that only SIGKILL ends: deaf to messages and signals, and what is closed it does not notice. */
export const DEAF = bare(`
  process.on('SIGTERM', () => {})
  setInterval(() => {}, 1000)
`)

/**
 * A real primary, whose application forks another worker for each that crashed. It prints
 * what happens to the workers. SIGHUP restarts them, and SIGUSR2 has them answer what they hold.
 */
export class Cluster extends Script {
  constructor(wanted: ClusterOptions = {}) {
    super(primaryCode(wanted), wanted.group ? { detached: true } : {})
    onTestFinished(() => {
      for (const pid of [this.child.pid ?? 0, ...this.pids]) if (isAlive(pid)) process.kill(pid, 9)
    })
  }

  /** The words of all lines that begin with this one, in order, without it. */
  all(word: string): string[] {
    return this.lines.flatMap((line) =>
      line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : [],
    )
  }

  get lines(): string[] {
    return this.stdout.split('\n').slice(0, -1)
  }

  /** Of all workers that there have been, by their order. */
  get pids(): number[] {
    return this.all('forked').map((line) => Number(line.split(' ')[1]))
  }

  get alive(): number[] {
    return this.pids.filter(isAlive)
  }

  /** Resolves when none of its workers is left: the last ones may still be on their way out. */
  empty(): Promise<void> {
    return until(() => this.alive.length === 0)
  }

  get ports(): number[] {
    return [...new Set(this.all('listens').map((line) => Number(line.split(' ')[1])))]
  }

  /** A client of the port that this worker listens on, as all do: any of them may answer. */
  async connect(port = this.ports[0] ?? Number.NaN): Promise<RawClient> {
    const client = await RawClient.connect(port)
    onTestFinished(() => void client.socket.destroy())
    return client
  }

  /** What the primary's report says of the hook. */
  get hook(): HookReport {
    return JSON.parse(this.all('hook')[0] ?? 'null')
  }
}

/** Waits until the primary has this many workers that listen. */
export async function cluster(wanted: ClusterOptions = {}): Promise<Cluster> {
  const primary = new Cluster(wanted)
  await primary.says('ready\n')
  return primary
}

function primaryCode(wanted: ClusterOptions): string {
  const { options = '{}', shutdown = `{ grace: '60s' }`, primary = '', worker = server() } = wanted
  const { workers = 2, policy = 'SCHED_RR', late = false } = wanted
  const handOver = `
    const workers = clusterWorkers(cluster, ${options})
    shutdown.add(workers)
  `
  return `
    import cluster from 'node:cluster'
    import { once } from 'node:events'
    import { createShutdown } from 'lastcall'
    import { clusterWorkers } from 'lastcall/workers'
    ${SAY}
    cluster.schedulingPolicy = cluster.${policy}
    cluster.setupPrimary({
      exec: 'worker',
      execArgv: ['--input-type=module', '-e', ${JSON.stringify(worker)}],
    })
    cluster.on('fork', (worker) => say('forked', worker.id, worker.process.pid))
    cluster.on('listening', (worker, { port }) => say('listens', worker.id, port))
    cluster.on('exit', (worker, code, signal) => {
      say('gone', worker.id, signal ?? code)
      if (worker.exitedAfterDisconnect) return
      say('crashed', worker.id)
      cluster.fork()
    })
    const shutdown = createShutdown({ log: { format: 'text', level: 'warn' }, ...${shutdown} })
    shutdown.on('end', ({ report }) => {
      say('hook', JSON.stringify(report.phases.flatMap(({ hooks }) => hooks).find(({ name }) => name === 'cluster')))
    })
    ${late ? '' : handOver}
    process.on('SIGHUP', () => {
      workers.restart().then(
        (count) => say('restarted', count),
        ({ code, message }) => say('stays', code, message),
      )
    })
    process.on('SIGUSR2', () => {
      for (const worker of Object.values(cluster.workers)) worker.send('release', () => {})
    })
    ${primary}
    for (let n = 0; n < ${workers}; n++) await once(cluster.fork(), 'listening')
    ${late ? handOver : ''}
    shutdown.listen()
    say('ready')
  `
}
