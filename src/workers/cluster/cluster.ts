import type { EventEmitter } from 'node:events'
import type { ChildProcessLike } from '../child.ts'

/** The part of the `cluster` of node:cluster, in its primary, that is used here. */
export interface ClusterLike {
  readonly isPrimary: boolean
  readonly SCHED_RR: number
  readonly schedulingPolicy: number
  readonly workers?: Readonly<Record<string, ClusterWorkerLike | undefined>> | undefined
  fork(env?: unknown): ClusterWorkerLike
  on(event: 'fork' | 'listening', listener: (worker: ClusterWorkerLike) => void): unknown
  off(event: 'fork' | 'listening', listener: (worker: ClusterWorkerLike) => void): unknown
}

/** The part of a `Worker` of node:cluster that is used here. */
export interface ClusterWorkerLike {
  readonly id: number
  readonly process: ChildProcessLike & Pick<EventEmitter, 'on' | 'off' | 'prependListener'>
  exitedAfterDisconnect: boolean
  on(event: 'error', listener: () => void): unknown
  once(event: 'listening' | 'online', listener: () => void): unknown
  disconnect(): unknown
  isConnected(): boolean
  send(message: never, callback?: (error: Error | null) => void): unknown
}
