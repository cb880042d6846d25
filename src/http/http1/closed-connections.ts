import { formatBytes } from '../../base/bytes.ts'
import { plural } from '../../base/summarize.ts'
import type { SendQueues } from '../../runtime/send-queues.ts'
import { NOT_TAKEN } from '../deliveries.ts'
import type { DrainContext, DrainPart, Movement } from '../drain-part.ts'
import type { Connections } from './connections.ts'

/**
 * How long before the drain a connection was closed at most, in milliseconds. After that time its
 * client has taken the answer, or never will.
 */
const RECENT = 60_000

/**
 * Waits for clients of connections that were closed on our side before the drain: the kernel may still
 * be sending a large answer. In a container the network goes with the process.
 */
export class ClosedConnectionsDrain implements DrainPart {
  readonly interceptors = {}
  /** The unacknowledged bytes of each; `undefined` until the first look. */
  #unsent: ReadonlyMap<string, number> | undefined = new Map()

  constructor(
    readonly connections: Connections,
    /** The port that the server listened on; `undefined` for one without TCP. */
    readonly port: () => number | undefined,
    readonly drain: DrainContext,
  ) {}

  get isOver(): boolean {
    return this.#unsent?.size === 0
  }

  begin(): void {
    const { lastClosedAt } = this.connections
    if (this.port() === undefined || this.drain.clock.now() - lastClosedAt > RECENT) return
    this.#unsent = undefined
    this.drain.onSlow()
  }

  stop(): void {
    this.#unsent = new Map()
  }

  hasWork(): boolean {
    return false
  }

  isSlow(): boolean {
    return !this.isOver
  }

  movement(queues: SendQueues | undefined): Movement {
    if (this.isOver) return 'none'
    const before = this.#unsent
    const closed = queues?.closedOn(Number(this.port())) ?? new Map<string, number>()
    // Those of the first look: other processes may share the port.
    const rest = [...closed].filter(([ends]) => before?.has(ends) ?? true)
    this.#unsent = new Map(rest)
    if (rest.length === 0) this.drain.onLeft()
    return rest.some(([ends, bytes]) => bytes !== before?.get(ends)) ? 'client' : 'none'
  }

  whatWasDone(): string[] {
    return []
  }

  whatIsLeft(): string[] {
    const unsent = [...(this.#unsent?.values() ?? [])]
    if (unsent.length === 0) return []
    const bytes = unsent.reduce((sum, one) => sum + one, 0)
    return [`${plural(unsent.length, 'closed connection')}: ${formatBytes(bytes)} ${NOT_TAKEN}`]
  }
}
