import type { EventEmitter } from 'node:events'

/**
 * Marks the end of a worker as intended. Applications that replace crashed workers read
 * `exitedAfterDisconnect` in their listener to the cluster's `exit`.
 *
 * Relies on: Node keeps a value that is set before the end; it documents only that `disconnect()` sets it.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: the application takes the end for a crash, and forks a needless worker. A
 * shutdown stops that worker as well.
 */
export function intendExit(worker: { exitedAfterDisconnect: boolean }): void {
  worker.exitedAfterDisconnect = true
}

/**
 * Marks the end as it comes, before Node's listener reads the mark: Node ignores a marked worker that
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
