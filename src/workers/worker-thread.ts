import { inCall, optionNames, refusal, refuseUnknownOptions, show } from '../base/errors.ts'
import type { Hook } from '../engine/hook.ts'
import { endedBadly, isExpectedExit, parseExitCodes } from './expected-exit.ts'
import { threadHasEnded } from './node/ended-thread.ts'
import { type StopHookOptions, type Stoppable, stop, stopHook } from './stop.ts'

/** The part of a `Worker` of node:worker_threads that is used here. */
export interface WorkerLike {
  /** −1 once it has ended. */
  readonly threadId: number
  postMessage(message: unknown): void
  terminate(): Promise<unknown>
  once(event: 'exit', listener: (code: number) => void): unknown
}

/** Options of `workerThread()`; all have defaults. */
export interface WorkerThreadOptions extends StopHookOptions {
  /** The hook's name, for reports. Default: the thread's number, such as `thread 1`. */
  readonly name?: string | undefined
  /** The message that asks it to end. Default `'shutdown'`. */
  readonly stopMessage?: unknown
}

/**
 * The hook that ends a worker thread: it sends a message, waits, and calls `terminate()` at the
 * limit. Signals reach only the main thread, so the thread has to listen to the message. If the
 * thread has ended, the hook does nothing.
 *
 * @example
 * shutdown.add(workerThread(new Worker('./index.js'), { name: 'indexer' }))
 * // in the thread: parentPort.once('message', …)
 *
 * @throws LastcallError `LASTCALL_NOT_A_CHILD` or `LASTCALL_INVALID_OPTION`
 */
export function workerThread(worker: WorkerLike, options: WorkerThreadOptions = {}): Hook[] {
  return inCall('workerThread()', () => workerThreadHooks(worker, options))
}

function workerThreadHooks(worker: WorkerLike, options: WorkerThreadOptions): Hook[] {
  refuseNonWorker(worker)
  refuseUnknownOptions(options, OPTIONS, "{ name: 'indexer', stopWait: '5s' }")
  const { name = `thread ${worker.threadId}`, stopMessage = 'shutdown' } = options
  const exitCodes = parseExitCodes(options.exitCodes, 'exitCodes')
  const thread: Stoppable = {
    label: `thread '${name}'`,
    notify() {
      worker.postMessage(stopMessage)
      return typeof stopMessage === 'string' ? `the message '${stopMessage}'` : 'a message'
    },
    kill: () => void worker.terminate(),
    async ended() {
      const code = await new Promise<number>((resolve) => worker.once('exit', resolve))
      const status = { code, signal: null }
      if (!isExpectedExit(status, exitCodes)) throw endedBadly(thread.label, status)
    },
  }
  const hook = stopHook(name, options, async (context) => {
    if (!threadHasEnded(worker)) await stop(thread, context)
  })
  return threadHasEnded(worker) ? [] : [hook]
}

const OPTIONS = optionNames<WorkerThreadOptions>({
  name: true,
  phase: true,
  stopMessage: true,
  stopWait: true,
  exitCodes: true,
  reserve: true,
})

function refuseNonWorker(worker: WorkerLike): void {
  const isWorker =
    typeof worker === 'object' &&
    worker !== null &&
    typeof worker.threadId === 'number' &&
    typeof worker.postMessage === 'function' &&
    typeof worker.terminate === 'function'
  if (isWorker) return
  const message = `Expected a Worker of node:worker_threads, got ${show(worker)}. Write workerThread(new Worker('./worker.js')).`
  throw refusal('LASTCALL_NOT_A_CHILD', message)
}
