import { type Duration, parseDuration } from '../base/duration.ts'
import { LastcallError, refuseUnknownOptions, show } from '../base/errors.ts'
import { type Hook, placeHook } from '../engine/hook.ts'
import { endedBadly, exitCodesOf } from './exit-status.ts'
import { type Stoppable, stop } from './stop.ts'

/** As much of a `Worker` of node:worker_threads as is needed here. */
export interface WorkerLike {
  /** −1 once it has ended. */
  readonly threadId: number
  postMessage(message: unknown): void
  terminate(): Promise<unknown>
  once(event: 'exit', listener: (code: number) => void): unknown
}

/** What `workerThread()` takes; everything has a default. */
export interface WorkerThreadOptions {
  /** The hook's name, for reports. Default: the thread's number, such as `thread 1`. */
  readonly name?: string
  /** The phase in which it is stopped. Default `stop`. */
  readonly phase?: string
  /** The message that tells it to end. Default `'shutdown'`. */
  readonly stopMessage?: unknown
  /**
   * The longest that it may take to end, from the beginning of the hook on; then it is terminated. It is reserved:
   * nothing earlier may eat it. Default: what the budget leaves.
   */
  readonly stopWait?: Duration
  /** The exit codes that say that it ended well. Default `[0]`. */
  readonly exitCodes?: readonly number[]
  /** The part of the budget that nothing earlier may eat. Default: `stopWait`, or its phase's. */
  readonly reserve?: Duration
}

/**
 * The hook that ends a worker thread: a message, a wait, `terminate()`. Signals reach the main
 * thread only, so the thread has to listen to the message; one that has ended before is left alone.
 *
 * @example
 * shutdown.add(workerThread(new Worker('./index.js'), { name: 'indexer' }))
 * // in the thread: parentPort.once('message', …)
 *
 * @throws LastcallError `LASTCALL_NOT_A_CHILD` or `LASTCALL_INVALID_OPTION`
 */
export function workerThread(worker: WorkerLike, options: WorkerThreadOptions = {}): Hook[] {
  refuseNonWorker(worker)
  refuseUnknownOptions(options, OPTIONS, "{ name: 'indexer', stopWait: '5s' }")
  const { name = `thread ${worker.threadId}`, phase = 'stop', stopWait } = options
  const { reserve = stopWait, stopMessage = 'shutdown' } = options
  if (stopWait !== undefined) parseDuration(stopWait, 'stopWait')
  const exitCodes = exitCodesOf(options.exitCodes, 'exitCodes')
  // It has ended: there is nothing to stop.
  if (worker.threadId === -1) return []
  const thread: Stoppable = {
    label: `thread '${name}'`,
    notify() {
      worker.postMessage(stopMessage)
      return typeof stopMessage === 'string' ? `the message '${stopMessage}'` : 'a message'
    },
    kill: () => void worker.terminate(),
    async ended() {
      const code = await new Promise<number>((resolve) => worker.once('exit', resolve))
      if (!exitCodes.has(code)) throw endedBadly(thread.label, { code, signal: null })
    },
  }
  return [
    placeHook({ name, phase, timeout: stopWait, reserve }, async (context) => {
      if (worker.threadId !== -1) await stop(thread, context)
    }),
  ]
}

const OPTIONS = ['name', 'phase', 'stopMessage', 'stopWait', 'exitCodes', 'reserve']

function refuseNonWorker(worker: WorkerLike): void {
  const isWorker =
    typeof worker === 'object' &&
    worker !== null &&
    typeof worker.threadId === 'number' &&
    typeof worker.postMessage === 'function' &&
    typeof worker.terminate === 'function'
  if (isWorker) return
  throw new LastcallError(
    'LASTCALL_NOT_A_CHILD',
    `Expected a Worker of node:worker_threads, got ${show(worker)}.`,
  )
}
