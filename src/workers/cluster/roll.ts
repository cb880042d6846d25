import { formatDuration } from '../../base/duration.ts'
import { LastcallError } from '../../base/errors.ts'
import { systemClock } from '../../runtime/clock.ts'
import { describeExitStatus, exitStatusOf } from '../../runtime/exit-status.ts'
import { withLimit } from '../../runtime/with-limit.ts'
import { intendExitAtEnd } from '../node/intended-exit.ts'
import type { StopContext } from '../stop.ts'
import type { ClusterWorkerLike, Workers } from './workers.ts'

/** How workers are replaced; times in milliseconds. */
export interface RollSettings {
  readonly fork: () => ClusterWorkerLike
  readonly stopWait: number
  readonly startWait: number
  readonly stop: (worker: ClusterWorkerLike, context: StopContext) => Promise<void>
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
    // It may have ended since. A successor that the application forked is new.
    if (!workers.alive.includes(worker)) continue
    const readyEvent = workers.isListening(worker) ? 'listening' : 'online'
    const isStarted = await startOne(readyEvent, settings, signal)
    if (!isStarted) break
    await stopOne(worker, settings.stopWait, settings.stop)
    replaced++
  }
  return replaced
}

/**
 * Forks a worker and waits until it is ready; kills it if it does not get ready. False if the
 * shutdown begins: the new worker then ends with the others.
 */
async function startOne(
  readyEvent: 'listening' | 'online',
  settings: RollSettings,
  signal: AbortSignal,
): Promise<boolean> {
  const { fork, startWait } = settings
  if (signal.aborted) return false
  const worker = fork()
  const { process: child } = worker
  // An application that replaces crashed workers must not replace this one.
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
    const isStarted = await withLimit(isReady, startWait, systemClock, () => {
      throw notReady(worker, `it was not ${readyEvent} within ${formatDuration(startWait)}`)
    })
    undo()
    return isStarted
  } catch (error) {
    await stopOne(worker, 0, settings.stop)
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Ends a worker that is no longer needed. Ignores how it ends. */
async function stopOne(
  worker: ClusterWorkerLike,
  wait: number,
  stop: RollSettings['stop'],
): Promise<void> {
  const limit = new AbortController()
  const until = systemClock.now() + wait
  const timer = systemClock.setTimeout(() => limit.abort(), wait)
  const remaining = () => Math.max(0, until - systemClock.now())
  const context = { signal: limit.signal, remaining, note: () => {}, waitingFor: () => {} }
  await stop(worker, context).catch(() => {})
  systemClock.clearTimeout(timer)
}

function notReady({ id, process: { pid } }: ClusterWorkerLike, why: string): LastcallError {
  return new LastcallError(
    'LASTCALL_WORKER_NOT_READY',
    `The new worker ${id} (pid ${pid}) could not take over: ${why}. The restart ends here; the workers that were not replaced yet go on.`,
  )
}
