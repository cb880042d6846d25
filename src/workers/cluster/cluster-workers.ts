import { type Duration, parseDuration } from '../../base/duration.ts'
import {
  inCall,
  invalidOption,
  optionNames,
  refusal,
  refuseUnknownOptions,
  show,
} from '../../base/errors.ts'
import type { HookContext, Hooks } from '../../engine/hook.ts'
import { systemClock } from '../../runtime/clock.ts'
import { sharedState } from '../../runtime/shared-state.ts'
import { withLimit } from '../../runtime/with-limit.ts'
import { parseExitCodes } from '../expected-exit.ts'
import { intendExit } from '../node/intended-exit.ts'
import { type StopContext, type StopHookOptions, stopHook } from '../stop.ts'
import { Listeners } from './listeners.ts'
import { type RollSettings, replaceAll } from './roll.ts'
import { type ClusterLike, type ClusterWorkerLike, Workers } from './workers.ts'

/** Options of `clusterWorkers()`; all have defaults. */
export interface ClusterWorkersOptions extends StopHookOptions {
  /** The hook's name, for reports. Default `cluster`. */
  readonly name?: string | undefined
  /**
   * The message that asks a worker to end. Default `'shutdown'`, which this library listens to. With
   * `false` the workers are disconnected at once: for workers without this library.
   */
  readonly stopMessage?: string | false | undefined
  /**
   * The longest that a worker may take to end, from the beginning of the hook; then SIGKILL. This time is
   * reserved: nothing earlier may use it. Default: what the budget leaves, and 30 s in `restart()`.
   */
  readonly stopWait?: Duration | undefined
  /** The longest that a new worker may take to listen, from its fork. Default 30 s. */
  readonly startWait?: Duration | undefined
  /** Makes a worker, for `restart()`. Default: `cluster.fork()`. */
  readonly fork?: (() => ClusterWorkerLike) | undefined
}

/** The workers of a cluster. Pass it to `shutdown.add()`, as you would a hook. */
export interface ClusterWorkers extends Hooks {
  /**
   * Replaces every worker, one after the other: forks a new one; once that listens, asks the old one
   * to end and waits for it. A call during a restart returns the same promise.
   *
   * @returns how many workers were replaced: not all if the shutdown begins
   * @throws LastcallError `LASTCALL_WORKER_NOT_READY`, as a rejection, if a new worker fails to
   * listen: the restart ends there, and the old workers go on
   */
  restart(): Promise<number>
}

/**
 * Ends the workers of a cluster, from its primary, so that no request is lost: the primary stops
 * accepting and hands over what it has accepted; then each worker gets the message and drains, and is
 * killed at the limit. `restart()` replaces the workers one by one.
 *
 * Call it before the first worker listens: it sees listeners only as they open.
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
  return inCall('clusterWorkers()', () => workersOf(cluster, options))
}

function workersOf(cluster: ClusterLike, options: ClusterWorkersOptions): ClusterWorkers {
  refuseNonCluster(cluster)
  refuseUnknownOptions(options, OPTIONS, "{ stopWait: '8s' }")
  const { name = 'cluster', stopMessage = 'shutdown', fork = () => cluster.fork() } = options
  const { stopWait = '30s', startWait = '30s' } = options
  if (stopMessage !== false && typeof stopMessage !== 'string') {
    throw invalidOption('stopMessage', 'a string, or false', stopMessage)
  }
  if (typeof fork !== 'function') throw invalidOption('fork', 'a function', fork)
  const exitCodes = parseExitCodes(options.exitCodes, 'exitCodes')
  const stop = (worker: ClusterWorkerLike, context: StopContext) =>
    watch(cluster).workers.stop(worker, { stopMessage, exitCodes }, context)
  const settings: RollSettings = {
    fork,
    stopWait: parseDuration(stopWait, 'stopWait'),
    startWait: parseDuration(startWait, 'startWait'),
    stop,
  }
  const stopping = new AbortController()
  const hook = stopHook(name, options, async (context) => {
    stopping.abort()
    await stopCluster(cluster, (worker) => stop(worker, context), context)
  })
  // Listens to the cluster, so only when everything has been checked.
  const { workers } = watch(cluster)
  let roll: Promise<number> | undefined
  return {
    *[Symbol.iterator]() {
      yield hook
    },
    restart() {
      roll ??= replaceAll(workers, settings, stopping.signal).finally(() => {
        roll = undefined
      })
      return roll
    },
  }
}

type Stop = (worker: ClusterWorkerLike) => Promise<void>

/** Stops all workers, and those that are forked meanwhile. */
async function stopCluster(cluster: ClusterLike, stop: Stop, context: HookContext): Promise<void> {
  const { workers } = watch(cluster)
  const { alive } = workers
  // Marks all before notifying any: one may end while the primary still hands over connections.
  for (const worker of alive) intendExit(worker)
  const forkedLate: Promise<void>[] = []
  const undo = workers.onFork((worker) => {
    const end = stop(worker)
    end.catch(() => {}) // Checked below, when the others have ended.
    forkedLate.push(end)
  })
  const endings = await Promise.allSettled(await stopAll(cluster, alive, stop, context))
  const all = [...endings, ...(await Promise.allSettled(forkedLate))]
  undo()
  const failed = all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  if (failed.length === 1) throw failed[0]
  if (failed.length > 1) {
    throw new AggregateError(failed, `${failed.length} workers did not end well`)
  }
}

async function stopAll(
  cluster: ClusterLike,
  workers: readonly ClusterWorkerLike[],
  stop: Stop,
  context: HookContext,
): Promise<Promise<void>[]> {
  const { listeners } = watch(cluster)
  if (cluster.schedulingPolicy === cluster.SCHED_RR) {
    // Limited, because a worker that hangs takes no connection.
    const patience = context.remaining() / 4
    await withLimit(listeners.close(patience, systemClock), patience, systemClock, () => {})
    return workers.map(stop)
  }
  listeners.closeCopies()
  // The workers accept by themselves. Connections that come while the last worker closes are reset.
  // So one worker goes on until the others have ended, at most half of the time.
  const [last, ...others] = workers
  const ends = others.map(stop)
  if (!last) return ends
  const settled = Promise.allSettled(ends).then(() => {})
  const othersEnded = withLimit(settled, context.remaining() / 2, systemClock, () => {})
  return [...ends, othersEnded.then(() => stop(last))]
}

/** Follows a cluster. All calls with the same cluster share the result. */
function watch(cluster: ClusterLike): Watched {
  const watchedClusters = sharedState('clusters', () => new WeakMap<ClusterLike, Watched>())
  const known = watchedClusters.get(cluster)
  if (known) return known
  const watched = { workers: new Workers(cluster), listeners: new Listeners() }
  cluster.on('fork', (worker) => watched.listeners.watch(worker))
  watchedClusters.set(cluster, watched)
  return watched
}

type Watched = { readonly workers: Workers; readonly listeners: Listeners }

const OPTIONS = optionNames<ClusterWorkersOptions>({
  name: true,
  phase: true,
  stopMessage: true,
  stopWait: true,
  startWait: true,
  exitCodes: true,
  fork: true,
  reserve: true,
})

function refuseNonCluster(cluster: ClusterLike): void {
  const isCluster =
    typeof cluster === 'object' && cluster !== null && typeof cluster.isPrimary === 'boolean'
  if (isCluster && cluster.isPrimary && typeof cluster.fork === 'function') return
  throw refusal(
    'LASTCALL_NOT_A_CLUSTER',
    isCluster && !cluster.isPrimary
      ? 'This process is a worker of the cluster. The primary stops the workers. A worker needs only its own createShutdown(). Check cluster.isPrimary before the call.'
      : `Expected \`cluster\` to be that of node:cluster, in its primary, got ${show(cluster)}. Write import cluster from 'node:cluster', and clusterWorkers(cluster).`,
  )
}
