import { channel } from 'node:diagnostics_channel'
import type { Server } from 'node:net'
import { acceptQueueIsEmpty } from '../../runtime/accept-queue.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { ClusterWorkerLike } from './cluster.ts'

/** What Node listens with, below a server. */
interface ListenHandle {
  /** Deno tells of no client here: it is handed over by itself, and cannot be followed. */
  onconnection(error: number, client?: Client): void
  close(): void
}

interface Client {
  close(...args: unknown[]): unknown
}

/** As much of a message between Node's own halves of a cluster as is needed here. */
interface Internal {
  readonly cmd?: string
  readonly act?: string
  readonly ack?: number
}

/**
 * What a primary listens on. With SCHED_RR it accepts connections itself and hands them to its
 * workers in turn. Where the last worker closes its own listener, Node resets everybody who was
 * accepted and not handed over yet, and everybody in the kernel's queue. With SCHED_NONE it keeps
 * copies of what its workers listen on. When the last worker has closed its own, the kernel goes on
 * queueing for these, and resets the queue when Node closes them too. So the primary stops first.
 *
 * There is no public way to them. Listeners are seen as they begin to listen, by the diagnostics
 * channel, and known by Node's habit of taking the handle out of the server; copies are seen as they
 * are sent to a worker. Where that is otherwise they are not found, and nothing is done to them.
 *
 * There is one of a cluster, however often that is handed in: it lives as long as the process.
 */
export class Listeners {
  readonly #listeners = new Set<Listener>()
  readonly #copies = new Set<Client>()

  constructor() {
    channel(LISTENS).subscribe((message) => this.#seen((message as { server: Server }).server))
  }

  /** Sees what a worker is sent. */
  watch({ process: child }: ClusterWorkerLike): void {
    const sender = child as unknown as { send(...args: unknown[]): unknown }
    const { send } = sender
    sender.send = (...args) => {
      const [message, handle] = args as [Internal | null, Client?]
      if (handle && message?.cmd === 'NODE_CLUSTER') {
        // A connection, or the answer to a worker that wants to listen.
        if (message.act === 'newconn') for (const one of this.#listeners) one.gave(handle, child)
        else if (message.ack !== undefined) this.#copies.add(handle)
      }
      return send.apply(child, args)
    }
    child.once('exit', () => {
      for (const one of this.#listeners) one.handAgain(child)
    })
  }

  closeCopies(): void {
    // Node closes them again when the last worker has: that does nothing.
    for (const handle of this.#copies) handle.close()
    this.#copies.clear()
  }

  /** Stops accepting; resolves when everybody who was accepted has been handed over. */
  async close(patience: number, clock: Clock): Promise<void> {
    await Promise.all([...this.#listeners].map((one) => one.close(patience, clock)))
  }

  #seen(server: Server & { _handle?: ListenHandle | null }): void {
    const handle = server._handle
    if (!handle) return
    const take = () => {
      if (server._handle !== null || typeof handle.onconnection !== 'function') return
      const listener = new Listener(handle, () => this.#listeners.delete(listener))
      this.#listeners.add(listener)
    }
    // Node's own listener to this, which takes the handle over, may come after ours.
    server.once('listening', () => queueMicrotask(take))
  }
}

const LISTENS = 'tracing:net.server.listen:asyncEnd'

/** One of them, and whom it has accepted that no worker has yet. */
class Listener {
  readonly #handle: ListenHandle
  readonly #distribute: ListenHandle['onconnection']
  readonly #close: ListenHandle['close']
  /** By the worker that each was given. */
  readonly #pending = new Map<Client, unknown>()
  #onEmpty: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(handle: ListenHandle, onClosed: () => void) {
    const { close } = handle
    handle.close = () => {
      onClosed()
      close.call(handle)
    }
    this.#close = close
    this.#handle = handle
    this.#distribute = handle.onconnection
    handle.onconnection = (error, client) => this.#hand(error, client)
  }

  /** Once, whoever asks for it: the cluster may have been handed to several shutdowns. */
  close(patience: number, clock: Clock): Promise<void> {
    this.#closing ??= this.#stopAccepting(patience, clock)
    return this.#closing
  }

  async #stopAccepting(patience: number, clock: Clock): Promise<void> {
    const held: Client[] = []
    let accepted = 0
    this.#handle.onconnection = (error, client) => {
      if (!error) accepted++
      if (error || !client) this.#distribute.call(this.#handle, error, client)
      else held.push(client)
    }
    await acceptQueueIsEmpty(() => accepted, { patience, quiet: 0 }, clock)
    // Node closes it again when the last worker has: that does nothing.
    this.#close.call(this.#handle)
    for (const client of held) this.#hand(0, client)
    if (this.#pending.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }

  gave(client: Client, worker: unknown): void {
    if (this.#pending.has(client)) this.#pending.set(client, worker)
  }

  /** Whom a worker that has ended was given, and had not taken yet, is for another. */
  handAgain(ended: unknown): void {
    for (const [client, worker] of this.#pending) {
      if (worker === ended) this.#distribute.call(this.#handle, 0, client)
    }
  }

  /** The primary closes its own end of a connection when a worker has taken it. */
  #hand(error: number, client?: Client): void {
    if (!error && client) {
      this.#pending.set(client, undefined)
      const { close } = client
      client.close = (...args) => {
        client.close = close
        this.#pending.delete(client)
        if (this.#pending.size === 0) this.#onEmpty?.()
        return close.apply(client, args)
      }
    }
    this.#distribute.call(this.#handle, error, client)
  }
}
