import { acceptQueueIsEmpty } from '../../runtime/accept-queue.ts'
import type { Clock } from '../../runtime/clock.ts'
import {
  interceptConnections,
  type ListenHandle,
  type OnConnection,
} from '../node/accepted-connections.ts'
import { type Handle, onHandleClose } from '../node/handle-close.ts'
import { onListenHandle } from '../node/listen-handles.ts'
import { onSentHandle } from '../node/sent-handles.ts'
import type { ClusterWorkerLike } from './workers.ts'

/**
 * A primary's listeners. With SCHED_RR it accepts connections itself and hands them to its workers in
 * turn. When the last worker closes its listener, Node resets the connections that were accepted and
 * not handed over yet, and those in the kernel's queue. With SCHED_NONE the primary keeps copies of
 * its workers' listeners. After the last worker has closed its own, the kernel still queues for the
 * copies, and resets the queue when Node closes them. So the primary has to stop first.
 *
 * Each cluster has one instance, which lives as long as the process.
 */
export class Listeners {
  readonly #listeners = new Set<Listener>()
  readonly #copies = new Set<Handle>()

  constructor() {
    onListenHandle((handle) => {
      const listener = new Listener(handle, () => this.#listeners.delete(listener))
      this.#listeners.add(listener)
    })
  }

  /** Follows a worker: the handles it is sent, its end. */
  watch({ process: child }: ClusterWorkerLike): void {
    onSentHandle(child, {
      connection: (handle) => {
        for (const listener of this.#listeners) listener.sent(handle, child)
      },
      listener: (handle) => void this.#copies.add(handle),
    })
    child.once('exit', () => {
      for (const listener of this.#listeners) listener.sendAgain(child)
    })
  }

  closeCopies(): void {
    // Node closes them again after the last worker has: closing twice is harmless.
    for (const handle of this.#copies) handle.close()
    this.#copies.clear()
  }

  /** Stops accepting. Resolves when workers have taken all connections that were accepted. */
  async close(patience: number, clock: Clock): Promise<void> {
    await Promise.all([...this.#listeners].map((listener) => listener.close(patience, clock)))
  }
}

/** One address on which the primary listens, with the connections that no worker has taken yet. */
class Listener {
  readonly #distribute: OnConnection
  readonly #closeHandle: () => void
  /** Each connection, with the child process that it was sent to. */
  readonly #pending = new Map<Handle, unknown>()
  /** How many connections were accepted. */
  #accepted = 0
  /** Connections held back while it stops accepting. */
  #held: Handle[] | undefined
  #onEmpty: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(handle: ListenHandle, onClosed: () => void) {
    this.#closeHandle = onHandleClose(handle, onClosed)
    this.#distribute = interceptConnections(handle, (error, connection) => {
      if (!error) this.#accepted++
      if (error || !connection) this.#distribute(error, connection)
      else if (this.#held) this.#held.push(connection)
      else this.#handOver(connection)
    })
  }

  /** Runs once: the cluster may have been added to several shutdowns. */
  close(patience: number, clock: Clock): Promise<void> {
    this.#closing ??= this.#stopAccepting(patience, clock)
    return this.#closing
  }

  async #stopAccepting(patience: number, clock: Clock): Promise<void> {
    const held: Handle[] = []
    this.#held = held
    await acceptQueueIsEmpty(() => this.#accepted, { patience, quiet: 0 }, clock)
    // Node closes it again after the last worker has: closing twice is harmless.
    this.#closeHandle()
    this.#held = undefined
    for (const connection of held) this.#handOver(connection)
    if (this.#pending.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }

  sent(connection: Handle, child: unknown): void {
    if (this.#pending.has(connection)) this.#pending.set(connection, child)
  }

  /** Sends connections that an ended worker had not taken to another one. */
  sendAgain(ended: unknown): void {
    for (const [connection, child] of this.#pending) {
      if (child === ended) this.#distribute(0, connection)
    }
  }

  #handOver(connection: Handle): void {
    this.#pending.set(connection, undefined)
    // The primary closes its end of the connection when a worker has taken it.
    onHandleClose(connection, () => {
      this.#pending.delete(connection)
      if (this.#pending.size === 0) this.#onEmpty?.()
    })
    this.#distribute(0, connection)
  }
}
