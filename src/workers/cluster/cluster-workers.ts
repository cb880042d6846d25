import { type Duration, parseDuration } from '../../base/duration.ts'
import { invalidOption, LastcallError, refuseUnknownOptions, show } from '../../base/errors.ts'
import { type Hook, type HookContext, type Hooks, placeHook } from '../../engine/hook.ts'
import { type Clock, systemClock } from '../../runtime/clock.ts'
import { systemProcess } from '../../runtime/process.ts'
import { withLimit } from '../../runtime/with-limit.ts'
import { exitCodesOf } from '../exit-status.ts'
import type { ClusterLike, ClusterWorkerLike } from './cluster.ts'
import { Listeners } from './listeners.ts'
import { type RollSettings, replaceAll } from './roll.ts'
import { type WorkerStop, Workers } from './workers.ts'

/** What `clusterWorkers()` takes; everything has a default. */
export interface ClusterWorkersOptions {
  /** The hook's name, for reports. Default `cluster`. */
  readonly name?: string
  /** The phase in which they are stopped. Default `stop`. */
  readonly phase?: string
  /**
   * The message that tells a worker to end. Default `'shutdown'`, which this library listens to. With
   * `false` they are disconnected at once: for workers without it.
   */
  readonly stopMessage?: string | false
  /**
   * The longest that a worker may take to end, from the beginning of the hook on; then SIGKILL. It is reserved:
   * nothing earlier may eat it. Default: what the budget leaves, and 30 s in `restart()`.
   */
  readonly stopWait?: Duration
  /** The longest that a new worker may take to listen, from its fork on. Default 30 s. */
  readonly startWait?: Duration
  /** The exit codes that say that a worker ended well. Default `[0]`. */
  readonly exitCodes?: readonly number[]
  /** Makes a worker, for `restart()`. Default: `cluster.fork()`. */
  readonly fork?: () => ClusterWorkerLike
  /** The part of the budget that nothing earlier may eat. Default: `stopWait`, or its phase's. */
  readonly reserve?: Duration
}

/** The workers of a cluster. It is handed to `shutdown.add()`, as a hook is. */
export interface ClusterWorkers extends Hooks {
  /**
   * Replaces every worker, one after the other: a new one is forked, and when it listens the old one
   * is told to end, and waited for. A call while this goes on returns the same promise.
   *
   * @returns the number of workers that were replaced; not all of them where the shutdown begins
   * @throws LastcallError `LASTCALL_WORKER_NOT_READY`, as a rejection, where a new one doesn't come to
   * listen: the restart ends there, and the old ones go on
   */
  restart(): Promise<number>
}

/**
 * Ends the workers of a cluster, from its primary, so that no request is lost: the primary stops
 * accepting and hands over what it has accepted; each worker is told, drains, and is killed at the
 * limit. `restart()` replaces them one by one.
 *
 * Hand the cluster in before the first worker listens: what its workers listen on is seen as they
 * begin to.
 *
 * @example
 * import cluster from 'node:cluster'
 * const workers = clusterWorkers(cluster)
 * shutdown.add(workers)
 * shutdown.listen()
 * for (let n = 0; n < 4; n++) cluster.fork()
 * process.on('SIGHUP', () => workers.restart().catch((error) => console.error(error.message)))
 *
 * @throws LastcallError `LASTCALL_NOT_A_CLUSTER` or `LASTCALL_INVALID_OPTION`
 */
export function clusterWorkers(
  cluster: ClusterLike,
  options: ClusterWorkersOptions = {},
): ClusterWorkers {
  return new Cluster(cluster, options, systemClock)
}

class Cluster implements ClusterWorkers {
  readonly #cluster: ClusterLike
  readonly #clock: Clock
  readonly #workers: Workers
  readonly #listeners: Listeners
  readonly #how: WorkerStop
  readonly #hook: Hook
  readonly #rollSettings: RollSettings
  readonly #stopping = new AbortController()
  #roll: Promise<number> | undefined

  constructor(cluster: ClusterLike, options: ClusterWorkersOptions, clock: Clock) {
    refuseNonCluster(cluster)
    refuseUnknownOptions(options, OPTIONS, "{ stopWait: '8s' }")
    const { name = 'cluster', phase = 'stop', stopMessage = 'shutdown', stopWait } = options
    const { reserve = stopWait, startWait = '30s', fork = () => cluster.fork() } = options
    if (stopMessage !== false && typeof stopMessage !== 'string') {
      throw invalidOption('stopMessage', 'a string, or false', stopMessage)
    }
    if (typeof fork !== 'function') throw invalidOption('fork', 'a function', fork)
    const exitCodes = exitCodesOf(options.exitCodes, 'exitCodes')
    this.#rollSettings = {
      fork,
      stopWait: parseDuration(stopWait ?? '30s', 'stopWait'),
      startWait: parseDuration(startWait, 'startWait'),
      stop: (worker, context) => this.#workers.stop(worker, this.#how, context),
      clock,
    }
    this.#cluster = cluster
    this.#clock = clock
    this.#hook = placeHook({ name, phase, timeout: stopWait, reserve }, (context) =>
      this.#stop(context),
    )
    this.#how = { stopMessage, exitCodes, clock }
    const { workers, listeners } = watched(cluster)
    this.#workers = workers
    this.#listeners = listeners
  }

  *[Symbol.iterator](): Iterator<Hook> {
    yield this.#hook
  }

  restart(): Promise<number> {
    const { signal } = this.#stopping
    this.#roll ??= replaceAll(this.#workers, this.#rollSettings, signal).finally(() => {
      this.#roll = undefined
    })
    return this.#roll
  }

  async #stop(context: HookContext): Promise<void> {
    this.#stopping.abort()
    systemProcess.expectListeners(context.signal) // One for each worker.
    const { alive } = this.#workers
    // Before anybody is told: an application that forks another for each that ends asks for this.
    for (const worker of alive) worker.exitedAfterDisconnect = true
    const late: Promise<void>[] = []
    const undo = this.#workers.onFork((worker) => {
      const end = this.#workers.stop(worker, this.#how, context)
      end.catch(() => {}) // It is looked at when the others have ended.
      late.push(end)
    })
    const endings = await Promise.allSettled(await this.#tellAll(alive, context))
    const all = [...endings, ...(await Promise.allSettled(late))]
    undo()
    const failed = all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    if (failed.length === 1) throw failed[0]
    if (failed.length > 1) {
      throw new AggregateError(failed, `${failed.length} workers did not end well`)
    }
  }

  async #tellAll(
    workers: readonly ClusterWorkerLike[],
    context: HookContext,
  ): Promise<Promise<void>[]> {
    const stop = (worker: ClusterWorkerLike) => this.#workers.stop(worker, this.#how, context)
    const clock = this.#clock
    if (this.#cluster.schedulingPolicy === this.#cluster.SCHED_RR) {
      // Bounded: one that hangs takes nobody.
      const patience = context.remaining() / 4
      await withLimit(this.#listeners.close(patience, clock), patience, clock, () => {})
      return workers.map(stop)
    }
    this.#listeners.closeCopies()
    // The workers accept themselves, and whoever connects while the last of them closes is reset: so
    // one goes on until the others have ended, for half of the time at most.
    const [last, ...others] = workers
    const ends = others.map(stop)
    if (!last) return ends
    const isTurn = withLimit<unknown>(
      Promise.allSettled(ends),
      context.remaining() / 2,
      clock,
      () => undefined,
    )
    return [...ends, isTurn.then(() => stop(last))]
  }
}

interface WatchedWorker {
  readonly workers: Workers
  readonly listeners: Listeners
}

/** What happens in a cluster: seen once, whoever it is handed to and however often. */
function watched(cluster: ClusterLike): WatchedWorker {
  const known = WATCHED.get(cluster)
  if (known) return known
  const first = { workers: new Workers(cluster), listeners: new Listeners() }
  cluster.on('fork', (worker) => first.listeners.watch(worker))
  WATCHED.set(cluster, first)
  return first
}

const WATCHED = new WeakMap<ClusterLike, WatchedWorker>()

const OPTIONS = [
  'name',
  'phase',
  'stopMessage',
  'stopWait',
  'startWait',
  'exitCodes',
  'fork',
  'reserve',
]

function refuseNonCluster(cluster: ClusterLike): void {
  const isCluster =
    typeof cluster === 'object' && cluster !== null && typeof cluster.isPrimary === 'boolean'
  if (isCluster && cluster.isPrimary && typeof cluster.fork === 'function') return
  throw new LastcallError(
    'LASTCALL_NOT_A_CLUSTER',
    isCluster && !cluster.isPrimary
      ? 'clusterWorkers() is for the primary of a cluster: a worker is told by it, and needs no more than its own shutdown. Ask for cluster.isPrimary before.'
      : `Expected \`cluster\` to be that of node:cluster, in its primary, got ${show(cluster)}.`,
  )
}
