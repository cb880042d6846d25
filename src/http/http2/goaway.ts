import type { DrainContext } from '../drain-part.ts'
import { writeRaw } from '../node/write-raw.ts'
import type { Session } from './sessions.ts'

/** How many silent round trips to see: a client may answer a PING before a queued request. */
const QUIET_PINGS = 2

/** Pause after a round trip in which something happened, in milliseconds. */
const PACE = 2

/** The highest id that a stream can have. */
const EVERY_STREAM = 2 ** 31 - 1
const NO_ERROR = 0

// RFC 9113, 6.8: length 8, type 7, no flags, stream 0; the last stream's id, NO_ERROR.
const NOTICE = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])

/**
 * Sends GOAWAY to the client of one HTTP/2 session in two steps (RFC 9113, 6.8): a notice, with
 * streams still served until the client has read it, then the id of the last stream served.
 *
 * Node does not expose nghttp2's call for the notice, and after any GOAWAY that Node sends, nghttp2
 * ignores new streams. So the notice is written past both, if possible.
 */
export class Goaway {
  /** New streams that wait for the notice. `undefined` once none has to wait. */
  #held: (() => void)[] | undefined = []
  #onStream = () => {}
  #onEmpty = () => {}
  #isStopped = false

  constructor(
    readonly session: Session,
    readonly drain: DrainContext,
  ) {}

  /** Resolves when both steps are done, the session is destroyed or the drain has stopped. */
  async send(): Promise<void> {
    const { http2 } = this.session
    await this.#quiet()
    if (this.#isOver) return
    // The client or the application may have sent a GOAWAY: no id may rise again.
    if (http2.closed) this.#release()
    else await this.#sendNotice()
    // Sends the id of the last stream that was served.
    if (!this.#isOver) http2.close()
  }

  /** Hands on a new stream, or holds it until the notice is sent and returns true. */
  admit(handOn: () => void): boolean {
    this.#onStream()
    if (this.#held) {
      this.#held.push(handOn)
      return true
    }
    handOn()
    return false
  }

  noteEmpty(): void {
    this.#onEmpty()
  }

  stop(): void {
    this.#isStopped = true
    this.#release()
  }

  get #isOver(): boolean {
    return this.#isStopped || this.session.http2.destroyed
  }

  /** Tells the client to open no streams. Resolves once it has read that. */
  async #sendNotice(): Promise<void> {
    const { http2, socket, streams } = this.session
    const { clock, linger } = this.drain
    if (writeRaw(socket, NOTICE)) {
      // Responses to the held streams come after the notice.
      this.#release()
      return this.#roundTrip(linger)
    }
    // After its own GOAWAY, Node reads nothing once there are no streams.
    if (streams.size === 0) return
    // Streams that cross it are ignored. The second GOAWAY says that they are safe to retry.
    http2.goaway(NO_ERROR, EVERY_STREAM)
    this.#release()
    const emptied = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    const turn = () => new Promise<void>((resolve) => clock.afterPoll(resolve))
    // A PING would overtake the notice, which is written in the next turn of the loop.
    await turn()
    if (streams.size > 0) await Promise.race([this.#roundTrip(linger), emptied])
    // The last answers also end a turn later: Node would close first
    // (https://github.com/nodejs/node/pull/57808).
    await turn()
  }

  /** Resolves after `QUIET_PINGS` silent round trips, or when the linger is over. */
  async #quiet(): Promise<void> {
    const session = this.session
    const { clock, linger, hook } = this.drain
    const until = clock.now() + Math.min(linger, hook.remaining() / 4)
    // A client that has just opened a session is about to send a request.
    if (!session.used) await this.#firstStream(session.openedAt + linger - clock.now())
    for (let quiet = 0; quiet < QUIET_PINGS; quiet++) {
      const { events } = session
      await this.#roundTrip(Math.max(0, until - clock.now()))
      if (this.#isStopped || session.http2.closed || clock.now() >= until) return
      if (session.events === events) continue
      quiet = -1
      await new Promise<void>((resolve) => clock.setTimeout(resolve, PACE))
    }
  }

  #firstStream(patience: number): Promise<void> {
    const { clock } = this.drain
    if (patience <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => clock.afterPoll(resolve), patience)
      this.#onStream = () => {
        clock.clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Resolves when a PING has come back and what was read with it is handled, or after `patience`. */
  #roundTrip(patience: number): Promise<void> {
    const { http2 } = this.session
    const { clock } = this.drain
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, patience)
      const back = () => {
        clock.clearTimeout(timer)
        clock.afterPoll(resolve)
      }
      if (http2.destroyed || http2.closed || !http2.ping(back)) back()
    })
  }

  #release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    // One by one: if a handler throws, the others still run.
    for (const handOn of held) queueMicrotask(handOn)
  }
}
