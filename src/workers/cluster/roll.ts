import { formatDuration } from '../../base/duration.ts'
import { LastcallError } from '../../base/errors.ts'
import type { Clock } from '../../runtime/clock.ts'
import { describeExitStatus, exitStatusOf } from '../../runtime/exit-status.ts'
import { withLimit } from '../../runtime/with-limit.ts'
import { intendExitAtEnd } from '../node/intended-exit.ts'
import type { StopContext } from '../stop.ts'
import type { ClusterWorkerLike } from './cluster.ts'
import type { Workers } from './workers.ts'

/** How workers are replaced; times in milliseconds. */
export interface RollSettings {
  readonly fork: () => ClusterWorkerLike
  readonly stopWait: number
  readonly startWait: number
  readonly stop: (worker: ClusterWorkerLike, context: StopContext) => Promise<void>
  readonly clock: Clock
}

/**
 * Replaces every worker, one after the other, until the signal aborts because the shutdown has begun.
 *
 * @returns how many were replaced
 */
export async function replaceAll(
  workers: Workers,
  settings: RollSettings,
  signal: AbortSignal,
): Promise<number> {
  let replaced = 0
  for (const worker of workers.alive) {
    // It may have ended since. The application has forked its successor then, which is new.
    if (!workers.alive.includes(worker)) continue
    const readyEvent = workers.isListening(worker) ? 'listening' : 'online'
    const isStarted = await startOne(readyEvent, settings, signal)
    if (!isStarted) break
    await stopOne(worker, settings.stopWait, settings)
    replaced++
  }
  return replaced
}

/**
 * Forks a worker and waits until it is ready; one that does not get ready is killed. False where the
 * shutdown begins: the new worker ends with the others then.
 */
async function startOne(
  readyEvent: 'listening' | 'online',
  settings: RollSettings,
  signal: AbortSignal,
): Promise<boolean> {
  const { fork, startWait, clock } = settings
  if (signal.aborted) return false
  const worker = fork()
  const { process: child } = worker
  // An application that forks a worker for each one that crashes must not do so for this one.
  const undo = intendExitAtEnd(worker)
  let onAbort = () => {}
  const isReady = new Promise<boolean>((resolve, reject) => {
    onAbort = () => resolve(false)
    worker.once(readyEvent, () => resolve(true))
    child.once('exit', () => {
      reject(notReady(worker, `it ended with ${describeExitStatus(exitStatusOf(child))}`))
    })
    signal.addEventListener('abort', onAbort)
  })
  try {
    const isStarted = await withLimit(isReady, startWait, clock, () => {
      throw notReady(worker, `it was not ${readyEvent} within ${formatDuration(startWait)}`)
    })
    undo()
    return isStarted
  } catch (error) {
    await stopOne(worker, 0, settings)
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Ends a worker that is of no more use. How it ends changes nothing. */
async function stopOne(
  worker: ClusterWorkerLike,
  wait: number,
  { stop, clock }: RollSettings,
): Promise<void> {
  const limit = new AbortController()
  const until = clock.now() + wait
  const timer = clock.setTimeout(() => limit.abort(), wait)
  const context: StopContext = {
    signal: limit.signal,
    remaining: () => Math.max(0, until - clock.now()),
    note: () => {},
    waitingFor: () => {},
  }
  await stop(worker, context).catch(() => {})
  clock.clearTimeout(timer)
}

function notReady({ id, process: { pid } }: ClusterWorkerLike, why: string): LastcallError {
  return new LastcallError(
    'LASTCALL_WORKER_NOT_READY',
    `The new worker ${id} (pid ${pid}) could not take over: ${why}. The restart ends here; the workers that were not replaced yet go on.`,
  )
}
