import { formatDuration } from '../base/duration.ts'
import type { HookContext } from '../engine/hook.ts'
import type { Clock } from '../runtime/clock.ts'
import { readSendQueues } from '../runtime/send-queues.ts'
import { NOT_TAKEN } from './deliveries.ts'
import type { DrainPart } from './drain-part.ts'

/** How many times the drain looks for work before the bound is over. */
const LOOKS = 8

/**
 * How often the kernel's queues are read at most, in milliseconds. To read them takes 10 ms or more, in
 * a thread of Node's.
 */
const READ_EVERY = 50

/**
 * How long before the hook's limit clients are ended if no work of ours is in flight, in milliseconds:
 * a client must not cut the hook off. At most a tenth of the time left.
 */
const BEFORE_LIMIT = 25

interface StragglersOptions {
  readonly parts: readonly DrainPart[]
  readonly clock: Clock
  readonly hook: HookContext
  /** How long nothing must have happened, in milliseconds. */
  readonly bound: number
  /** Ends all connections that are left. */
  end(): void
}

/**
 * Ends the clients that hold a connection open although no work of ours is in flight. They have a
 * bounded time after the last work, or after the last thing that any client sent or took.
 */
export class Stragglers {
  #movedAt: number
  /** Whether work was in flight at the last look. It may have ended just now. */
  #hadWork: boolean
  /** When an upgraded connection was last used. */
  #usedAt = Number.NEGATIVE_INFINITY
  #isStopped = false
  #isLooking = false
  #readAt = Number.NEGATIVE_INFINITY
  #timer: unknown
  readonly #limitTimer: unknown

  constructor(readonly options: StragglersOptions) {
    const { clock, hook, parts } = options
    this.#movedAt = clock.now()
    this.#hadWork = parts.some((part) => part.hasWork())
    const left = hook.remaining()
    const before = Math.min(BEFORE_LIMIT, left / 10)
    this.#limitTimer = clock.setTimeout(() => this.#endAtLimit(), left - before)
    this.#lookIn(this.#interval)
  }

  stop(): void {
    this.#isStopped = true
    this.options.clock.clearTimeout(this.#timer)
    this.options.clock.clearTimeout(this.#limitTimer)
  }

  /** Looks soon: a client is slow to take what was sent to it. */
  lookSoon(): void {
    if (this.#isLooking || this.#isStopped) return
    this.#isLooking = true
    this.#lookIn(Math.max(0, this.#readAt + READ_EVERY - this.options.clock.now()))
  }

  get #interval(): number {
    return Math.max(1, this.options.bound / LOOKS)
  }

  #lookIn(milliseconds: number): void {
    const { clock } = this.options
    clock.clearTimeout(this.#timer)
    // After a poll phase: what a client has sent meanwhile counts.
    const look = () => clock.afterPoll(() => void this.#look())
    if (milliseconds === 0) look()
    else this.#timer = clock.setTimeout(look, milliseconds)
  }

  async #look(): Promise<void> {
    if (this.#isStopped) return
    const { parts, clock, bound } = this.options
    this.#isLooking = true
    const isSlow = parts.some((part) => part.isSlow())
    const queues = isSlow ? await readSendQueues() : undefined
    const now = clock.now()
    if (isSlow) this.#readAt = now
    this.#isLooking = false
    if (this.#isStopped) return
    // Asks each: it compares with the last time.
    const movements = parts.map((part) => part.movement(queues))
    if (movements.includes('upgraded')) this.#usedAt = now
    const hasMoved = movements.some((movement) => movement !== 'none')
    const hasWork = parts.some((part) => part.hasWork())
    if (hasMoved || hasWork || this.#hadWork) this.#movedAt = now
    this.#hadWork = hasWork
    const interval = isSlow ? READ_EVERY : this.#interval
    // With a bound of 0, too, work is waited for, and clients that move.
    if (hasMoved || hasWork || now - this.#movedAt < bound) return this.#lookIn(interval)
    this.#end(`ended, ${formatDuration(bound)} after the last work`, 'warn')
  }

  /** At the limit, what is still of ours is cut off. */
  #endAtLimit(): void {
    const { parts, clock, bound } = this.options
    if (parts.some((part) => part.hasWork()) || clock.now() - this.#usedAt < bound) return
    this.#end('ended at the limit', 'error')
  }

  #end(why: string, level: 'warn' | 'error'): void {
    const { parts, hook } = this.options
    this.stop()
    for (const line of parts.flatMap((part) => part.whatIsLeft())) {
      hook.note(`${why}: ${line}`, line.endsWith(NOT_TAKEN) ? 'undelivered' : level)
    }
    this.options.end()
  }
}
