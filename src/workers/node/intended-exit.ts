import type { EventEmitter } from 'node:events'

/**
 * Marks the end of a worker as intended. Applications that fork a worker for each one that crashes ask
 * `exitedAfterDisconnect` in their listener to the cluster's `exit`.
 *
 * Relies on: Node keeps a value that is set before the end; it documents only that `disconnect()` sets it.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: the application takes the end for a crash, and forks a needless worker. During a
 * shutdown that one is stopped as well.
 */
export function intendExit(worker: { exitedAfterDisconnect: boolean }): void {
  worker.exitedAfterDisconnect = true
}

/**
 * Marks it when the worker ends, before Node's own listener reads the mark: Node ignores it when a marked worker
 * begins to listen. Returns a function that undoes this.
 */
export function intendExitAtEnd(worker: {
  exitedAfterDisconnect: boolean
  readonly process: Pick<EventEmitter, 'off' | 'prependListener'>
}): () => void {
  const mark = () => intendExit(worker)
  worker.process.prependListener('exit', mark)
  return () => void worker.process.off('exit', mark)
}
