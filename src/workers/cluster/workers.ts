import type { EventEmitter } from 'node:events'
import { exitStatusOf } from '../../runtime/exit-status.ts'
import { sendSignal } from '../../runtime/signals.ts'
import { type ChildProcessLike, hasEnded } from '../child.ts'
import { endedBadly, isExpectedExit } from '../expected-exit.ts'
import { intendExit } from '../node/intended-exit.ts'
import { type StopContext, type Stoppable, stop } from '../stop.ts'

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

interface WorkerStop {
  /** The message to send; `false` to disconnect it at once. */
  readonly stopMessage: string | false
  readonly exitCodes: ReadonlySet<number>
}

/**
 * The workers of a cluster that have not ended; `cluster.workers` drops a worker once it disconnects.
 * Each cluster has one instance, which lives as long as the process.
 */
export class Workers {
  readonly #alive = new Set<ClusterWorkerLike>()
  readonly #listening = new WeakSet<ClusterWorkerLike>()

  constructor(private readonly cluster: ClusterLike) {
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (!worker) continue
      this.#watch(worker)
      // Its `listening` event may be over: most workers listen before the cluster is added.
      this.#listening.add(worker)
    }
    cluster.on('fork', (worker) => this.#watch(worker))
    cluster.on('listening', (worker) => this.#listening.add(worker))
  }

  get alive(): readonly ClusterWorkerLike[] {
    return [...this.#alive]
  }

  isListening(worker: ClusterWorkerLike): boolean {
    return this.#listening.has(worker)
  }

  /** Calls back for each worker that is forked from now on. Returns a function that removes the listener. */
  onFork(listener: (worker: ClusterWorkerLike) => void): () => void {
    this.cluster.on('fork', listener)
    return () => void this.cluster.off('fork', listener)
  }

  /** Asks a worker to end, and kills it at the context's limit. */
  async stop(worker: ClusterWorkerLike, how: WorkerStop, context: StopContext): Promise<void> {
    intendExit(worker)
    if (hasEnded(worker.process)) return
    // It may just have died: a message that cannot be sent must not crash the primary.
    worker.on('error', () => {})
    await stop(this.#stoppable(worker, how), context, { reminds: true })
  }

  #watch(worker: ClusterWorkerLike): void {
    this.#alive.add(worker)
    worker.process.once('exit', () => this.#alive.delete(worker))
  }

  #stoppable(worker: ClusterWorkerLike, { stopMessage, exitCodes }: WorkerStop): Stoppable {
    const { process: child } = worker
    const pid = child.pid ?? 0
    const label = `worker ${worker.id} (pid ${pid})`
    const signal = (name: NodeJS.Signals) => {
      if (!hasEnded(child)) sendSignal(pid, name)
    }
    return {
      label,
      kill: () => signal('SIGKILL'),
      notify: (isReminder) => {
        if (isReminder || stopMessage === false) {
          // For a worker that ignores the message. A draining worker is not affected.
          if (worker.isConnected()) worker.disconnect()
          return 'disconnect()'
        }
        if (this.isListening(worker) && worker.isConnected()) {
          worker.send(stopMessage as never, (error) => error && signal('SIGTERM'))
          return 'the message'
        }
        // The worker may not have its listener for messages yet: Node 20 drops them then.
        signal('SIGTERM')
        return 'SIGTERM'
      },
      ended: async () => {
        await new Promise<void>((resolve) => void child.once('exit', () => resolve()))
        const status = exitStatusOf(child)
        if (!isExpectedExit(status, exitCodes, ['SIGTERM'])) throw endedBadly(label, status)
      },
    }
  }
}
