import type { EventEmitter } from 'node:events'

/**
 * Marks the end of a worker as intended. Applications that fork a worker for each one that crashes ask
 * `exitedAfterDisconnect` in their listener to the cluster's `exit`.
 *
 * Relies on: the property may be set before the worker ends, and Node keeps the value. Node documents
 * only that `disconnect()` sets it. From then on Node ignores a worker that begins to listen, so a new worker
 * is marked when it ends: Node listens to the `exit` of the child process too, so ours goes first.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: the application takes the end for a crash, and forks a needless worker.
 * During a shutdown that one is stopped as well.
 */
export function intendExit(worker: { exitedAfterDisconnect: boolean }): void {
  worker.exitedAfterDisconnect = true
}

/** Marks the end of a worker as intended when it ends. Returns a function that undoes this. */
export function intendExitAtEnd(worker: {
  exitedAfterDisconnect: boolean
  readonly process: Pick<EventEmitter, 'off' | 'prependListener'>
}): () => void {
  const mark = () => intendExit(worker)
  worker.process.prependListener('exit', mark)
  return () => void worker.process.off('exit', mark)
}
