import type { Clock } from '../../clock.ts'
import { formatDuration } from '../../duration.ts'
import { LastcallError } from '../../errors.ts'
import { limited } from '../../limit.ts'
import type { StopContext } from '../stop.ts'
import type { ClusterWorkerLike } from './cluster.ts'
import type { Workers } from './workers.ts'

/** How workers are replaced; times in milliseconds. */
export interface RollSettings {
  readonly fork: () => ClusterWorkerLike
  readonly stopWait: number
  readonly startWait: number
  readonly clock: Clock
}

/** Replaces every worker, one after the other, until the signal says that the shutdown has begun. */
export async function replaceAll(
  workers: Workers,
  settings: RollSettings,
  signal: AbortSignal,
): Promise<number> {
  let replaced = 0
  for (const worker of workers.alive) {
    if (signal.aborted) throw shuttingDown()
    // It may have ended meanwhile, and its successor is new.
    if (!workers.alive.includes(worker)) continue
    await startOne(workers, workers.isListening(worker) ? 'listening' : 'online', settings, signal)
    await stopOne(worker, workers, settings.stopWait, settings.clock)
    replaced++
  }
  return replaced
}

/** Forks a worker and waits until it is ready; one that doesn't become so is killed. */
async function startOne(
  workers: Workers,
  ready: 'listening' | 'online',
  { fork, startWait, clock }: RollSettings,
  signal: AbortSignal,
): Promise<void> {
  const worker = fork()
  const { process: child } = worker
  // An application that forks another for each that ends must not do so for this one; said before,
  // it would keep the worker from listening.
  const mark = () => {
    worker.exitedAfterDisconnect = true
  }
  child.prependListener('exit', mark)
  const isReady = new Promise<void>((resolve, reject) => {
    worker.once(ready, resolve)
    child.once('exit', () => {
      const how = child.signalCode ?? `exit code ${child.exitCode}`
      reject(notReady(worker, `it ended with ${how}`))
    })
    signal.addEventListener('abort', () => reject(shuttingDown()), { once: true })
  })
  try {
    await limited(isReady, startWait, clock, () => {
      throw notReady(worker, `it was not ${ready} within ${formatDuration(startWait)}`)
    })
    child.off('exit', mark)
  } catch (error) {
    // In a shutdown it is ended with the others.
    if (!signal.aborted) await stopOne(worker, workers, 0, clock)
    throw error
  }
}

/** Ends a worker, whose successor serves: how it ends is its own affair. */
async function stopOne(
  worker: ClusterWorkerLike,
  workers: Workers,
  wait: number,
  clock: Clock,
): Promise<void> {
  const limit = new AbortController()
  const until = clock.now() + wait
  const timer = clock.setTimeout(() => limit.abort(), wait)
  const context: StopContext = {
    signal: limit.signal,
    remaining: () => Math.max(0, until - clock.now()),
    note: () => {},
  }
  await workers.stop(worker, context).catch(() => {})
  clock.clearTimeout(timer)
}

function notReady({ id, process: { pid } }: ClusterWorkerLike, why: string): LastcallError {
  return new LastcallError(
    'LASTCALL_WORKER_NOT_READY',
    `The new worker ${id} (pid ${pid}) could not take over: ${why}. The restart ends here; the workers that were not replaced yet go on.`,
  )
}

function shuttingDown(): LastcallError {
  return new LastcallError(
    'LASTCALL_ENDED',
    'The shutdown has begun: no worker is replaced any more.',
  )
}
