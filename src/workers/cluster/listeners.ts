import { channel } from 'node:diagnostics_channel'
import type { Server } from 'node:net'
import { acceptQueueIsEmpty } from '../../accept-queue.ts'
import type { Clock } from '../../clock.ts'

/** What Node listens with, below a server. */
interface Handle {
  onconnection(error: number, client: Client): void
  close(): void
}

interface Client {
  close(...args: unknown[]): unknown
}

/**
 * The listeners of a primary that accepts connections itself and hands them to its workers in turn
 * (SCHED_RR). Where the last worker closes its own, Node resets everybody who was accepted and not
 * handed over yet, and everybody in the kernel's queue. So the primary stops first.
 *
 * There is no public way to them: they are seen as they begin to listen, by the diagnostics channel,
 * and known by Node's habit of taking the handle out of the server. Where that is otherwise they are
 * not found, and nothing is done to them.
 */
export class Listeners {
  readonly #clock: Clock
  readonly #listeners = new Set<Listener>()
  readonly #onListen = (message: unknown) => this.#seen((message as { server: Server }).server)

  constructor(clock: Clock) {
    this.#clock = clock
    channel(LISTENS).subscribe(this.#onListen)
  }

  /** Stops accepting; resolves when everybody who was accepted has been handed over. */
  async close(patience: number): Promise<void> {
    channel(LISTENS).unsubscribe(this.#onListen)
    await Promise.all([...this.#listeners].map((one) => one.close(patience, this.#clock)))
  }

  #seen(server: Server & { _handle?: Handle | null }): void {
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

/** One of them, and how many it has accepted that no worker has yet. */
class Listener {
  readonly #handle: Handle
  readonly #distribute: Handle['onconnection']
  #pending = 0
  #onEmpty: (() => void) | undefined

  constructor(handle: Handle, onClosed: () => void) {
    const { close } = handle
    handle.close = () => {
      onClosed()
      close.call(handle)
    }
    this.#handle = handle
    this.#distribute = handle.onconnection
    handle.onconnection = (error, client) => this.#hand(error, client)
  }

  async close(patience: number, clock: Clock): Promise<void> {
    const held: Client[] = []
    this.#handle.onconnection = (error, client) => {
      if (error) this.#distribute.call(this.#handle, error, client)
      else held.push(client)
    }
    await acceptQueueIsEmpty(() => held.length, { patience, quiet: 0 }, clock)
    // Node closes it again when the last worker has: that does nothing.
    this.#handle.close()
    for (const client of held) this.#hand(0, client)
    if (this.#pending === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }

  /** The primary closes its own end of a connection when a worker has taken it. */
  #hand(error: number, client: Client): void {
    if (!error) {
      this.#pending++
      const { close } = client
      client.close = (...args) => {
        client.close = close
        this.#pending--
        if (this.#pending === 0) this.#onEmpty?.()
        return close.apply(client, args)
      }
    }
    this.#distribute.call(this.#handle, error, client)
  }
}
