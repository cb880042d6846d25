import type { Clock } from '../../runtime/clock.ts'
import { sendSignal } from '../../runtime/signals.ts'
import { hasEnded } from '../child.ts'
import { type ExitStatus, endedBadly, isExpected } from '../exit-status.ts'
import { type StopContext, type Stoppable, stop } from '../stop.ts'
import type { ClusterLike, ClusterWorkerLike } from './cluster.ts'

/** How a worker is stopped. */
export interface WorkerStop {
  /** What it is sent; `false` where it is disconnected at once. */
  readonly stopMessage: string | false
  readonly exitCodes: ReadonlySet<number>
  readonly clock: Clock
}

/**
 * The workers of a cluster that have not ended. `cluster.workers` forgets them when they disconnect.
 * There is one of a cluster, however often that is handed in: it lives as long as the process.
 */
export class Workers {
  readonly #cluster: ClusterLike
  readonly #alive = new Set<ClusterWorkerLike>()
  readonly #listening = new WeakSet<ClusterWorkerLike>()

  constructor(cluster: ClusterLike) {
    this.#cluster = cluster
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (!worker) continue
      this.#watch(worker)
      // It was forked before anybody could see whether it listens; most have by now.
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

  /** Calls back for those that are forked from now on; returns a way to take it back. */
  onFork(listener: (worker: ClusterWorkerLike) => void): () => void {
    this.#cluster.on('fork', listener)
    return () => void this.#cluster.off('fork', listener)
  }

  /** Tells a worker to end, and kills it at the context's limit. */
  async stop(worker: ClusterWorkerLike, how: WorkerStop, context: StopContext): Promise<void> {
    // An application that forks another for each that ends asks for this first.
    worker.exitedAfterDisconnect = true
    if (hasEnded(worker.process)) return
    // It may have died a moment ago: that it can't be told then is no fault of the primary.
    worker.on('error', () => {})
    await stop(this.#stoppable(worker, how), context, { clock: how.clock, reminds: true })
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
          // One that doesn't listen to the message; in one that drains already it changes nothing.
          if (worker.isConnected()) worker.disconnect()
          return 'disconnect()'
        }
        if (this.isListening(worker) && worker.isConnected()) {
          worker.send(stopMessage as never, (error) => error && signal('SIGTERM'))
          return 'the message'
        }
        // Nobody may listen to messages yet, and on Node 20 those are lost.
        signal('SIGTERM')
        return 'SIGTERM'
      },
      ended: async () => {
        await new Promise<void>((resolve) => void child.once('exit', () => resolve()))
        const ending: ExitStatus = { code: child.exitCode, signal: child.signalCode }
        if (!isExpected(ending, exitCodes, ['SIGTERM'])) throw endedBadly(label, ending)
      },
    }
  }
}
