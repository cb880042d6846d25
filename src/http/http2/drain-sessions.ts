import type { ServerHttp2Stream } from 'node:http2'
import { formatDuration } from '../../base/duration.ts'
import { firstTen, plural } from '../../base/summarize.ts'
import { clientName, type DrainContext, type DrainPart, requestName } from '../drain-part.ts'
import { DueQueue } from '../due-queue.ts'
import type { Interceptor } from '../node/intercept.ts'
import { refuseStream } from '../refusal.ts'
import { sendNotice, writeNotice } from './goaway.ts'
import type { Session, Sessions, SessionWatcher } from './sessions.ts'

/**
 * How many round trips in a row have to pass in silence: a client may answer a PING before it sends
 * a request that it has queued.
 */
const QUIET_PINGS = 2

/**
 * How many times the linger a stream that has its answer may itself be silent, and still be kept because
 * its session speaks: a client that sends PINGs would keep it open for ever.
 */
const KEPT = 4

/** How long to wait before asking again where something came between, in milliseconds. */
const PACE = 2

/**
 * Ends the HTTP/2 sessions of a server: each is told to open no more streams, at a moment when none
 * is on its way, and closes when those that are open have been answered.
 */
export class SessionsDrain implements DrainPart, SessionWatcher {
  readonly interceptors: Readonly<Record<string, Interceptor>>
  readonly #sessions: Sessions
  readonly #farewell: DrainContext
  /** The streams that wait for their session to have been told, by session. */
  readonly #held = new Map<Session, (() => void)[]>()
  /** Called when the first stream of a session comes. */
  readonly #awaited = new WeakMap<Session, () => void>()
  /** Called when the last stream of a session has been answered. */
  readonly #emptied = new WeakMap<Session, () => void>()
  /** Those of sessions that have been told, to be looked at from time to time. */
  readonly #open: DueQueue<OpenStream>
  /** Nothing is left to answer, and we wait for the client to close its side. */
  readonly #leaving: DueQueue<Session>
  readonly #told = new WeakSet<Session>()
  readonly #counts = { sessions: 0, refused: 0 }
  #stopped = false

  constructor(sessions: Sessions, farewell: DrainContext) {
    const { linger, clock } = farewell
    this.#sessions = sessions
    this.#farewell = farewell
    this.#open = new DueQueue(linger, clock, (open, asOf) => this.#endSilence(open, asOf))
    this.#leaving = new DueQueue(linger, clock, ({ socket }) => socket.destroy())
    const streams: Interceptor = (pass, stream: ServerHttp2Stream) => {
      this.#admit(pass, stream)
      return true
    }
    this.interceptors = { stream: streams }
  }

  begin(): void {
    this.#sessions.watcher = this
    for (const session of this.#sessions) this.opened(session)
  }

  stop(): void {
    this.#stopped = true
    this.#open.clear()
    this.#leaving.clear()
    this.#sessions.watcher = undefined
    for (const session of this.#held.keys()) this.#release(session)
  }

  opened(session: Session): void {
    this.#counts.sessions++
    this.#held.set(session, [])
    void this.#sayGoodbye(session)
  }

  answered(session: Session): void {
    if (session.streams.size > 0) return
    this.#emptied.get(session)?.()
    this.#leaveIfDone(session)
  }

  closed(session: Session): void {
    this.#leaving.delete(session)
    this.#held.delete(session)
    this.#farewell.onLeft()
  }

  whatWasDone(): string[] {
    const { sessions, refused } = this.#counts
    if (sessions === 0) return []
    return [
      `${plural(sessions, 'HTTP/2 session')} closed`,
      ...(refused > 0 ? [`${plural(refused, 'late stream')} refused with 503`] : []),
    ]
  }

  whatIsLeft(): string[] {
    const now = this.#farewell.clock.now()
    const requests = this.#sessions.inFlight().map(({ headers, since, socket }) => {
      const name = requestName(headers[':method'] as string, headers[':path'] as string)
      return `${name} (HTTP/2), ${formatDuration(now - since)} old${clientName(socket)}`
    })
    const silent = [...this.#sessions].filter(({ streams }) => streams.size === 0).length
    return [
      ...firstTen(requests, 'request'),
      ...(silent > 0 ? [`${plural(silent, 'HTTP/2 session')} without requests`] : []),
    ]
  }

  /**
   * While a session is about to be told, its new streams wait. When all of a client's requests are
   * here, it has none to send: what it is told then crosses nothing.
   */
  #admit(pass: () => boolean, stream: ServerHttp2Stream): void {
    const session = this.#sessions.of(stream)
    const handOn = () => {
      // Its client may have given it up since.
      if (stream.destroyed) return
      if (this.#farewell.isTooLate()) {
        this.#counts.refused++
        refuseStream(stream)
      } else pass()
    }
    if (session) this.#awaited.get(session)?.()
    const held = session && this.#held.get(session)
    if (held) {
      held.push(handOn)
      // Nobody else listens yet, and a reset with an error would end the process.
      stream.once('error', () => {})
    } else handOn()
  }

  async #sayGoodbye(session: Session): Promise<void> {
    const { http2 } = session
    await this.#isQuiet(session)
    if (this.#isOver(session)) return
    // The client may have said goodbye itself, or the application: no id may rise again.
    if (http2.closed) this.#release(session)
    else await this.#sayTwice(session)
    if (this.#isOver(session)) return
    // GOAWAY with the id of the last stream that was served (RFC 9113, 6.8).
    http2.close()
    this.#told.add(session)
    for (const stream of session.streams) this.#watch(stream, session)
    this.#leaveIfDone(session)
  }

  /** Whether there is nobody to be told any more. */
  #isOver(session: Session): boolean {
    const { destroyed } = session.http2
    // Node has closed our side only, and waits for theirs.
    if (destroyed && !this.#stopped) this.#leaving.add(session, this.#farewell.clock.now())
    return destroyed || this.#stopped
  }

  /** Has a client open no more streams; resolves when it has heard of that. */
  async #sayTwice(session: Session): Promise<void> {
    const { http2, socket, streams } = session
    const { linger } = this.#farewell
    if (writeNotice(socket)) {
      // Its answers come after the notice.
      this.#release(session)
      return this.#roundTrip(session, linger)
    }
    // After a GOAWAY of its own, Node reads no more once there are no streams.
    if (streams.size === 0) return
    sendNotice(http2)
    this.#release(session)
    const emptied = new Promise<void>((resolve) => this.#emptied.set(session, resolve))
    const turn = () => new Promise<void>((resolve) => this.#farewell.clock.afterPoll(resolve))
    // A PING would overtake the notice, which is written in the next turn of the loop.
    await turn()
    if (streams.size > 0) await Promise.race([this.#roundTrip(session, linger), emptied])
    // So are the ends of the last answers: without them Node closes (https://github.com/nodejs/node/pull/57808).
    await turn()
  }

  /** Resolves when nothing has come or gone on a session for two round trips, or the linger is over. */
  async #isQuiet(session: Session): Promise<void> {
    const { clock, linger, context } = this.#farewell
    const until = clock.now() + Math.min(linger, context.remaining() / 4)
    // Nobody opens a session to say nothing.
    if (!session.used) await this.#firstStream(session, session.openedAt + linger - clock.now())
    for (let quiet = 0; quiet < QUIET_PINGS; quiet++) {
      const { events } = session
      await this.#roundTrip(session, Math.max(0, until - clock.now()))
      if (this.#stopped || session.http2.closed || clock.now() >= until) return
      if (session.events === events) continue
      quiet = -1
      await new Promise<void>((resolve) => clock.setTimeout(resolve, PACE))
    }
  }

  #firstStream(session: Session, patience: number): Promise<void> {
    const { clock } = this.#farewell
    if (patience <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => clock.afterPoll(resolve), patience)
      this.#awaited.set(session, () => {
        clock.clearTimeout(timer)
        resolve()
      })
    })
  }

  /** Resolves when a PING has come back and what was read with it has been dealt with, or it takes too long. */
  #roundTrip({ http2 }: Session, patience: number): Promise<void> {
    const { clock } = this.#farewell
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, patience)
      const back = () => {
        clock.clearTimeout(timer)
        clock.afterPoll(resolve)
      }
      if (http2.destroyed || http2.closed || !http2.ping(back)) back()
    })
  }

  #release(session: Session): void {
    const held = this.#held.get(session) ?? []
    this.#held.delete(session)
    // Each by itself: what one of them throws is nothing to the others.
    for (const handOn of held) queueMicrotask(handOn)
  }

  #watch(stream: ServerHttp2Stream, session: Session): void {
    const since = this.#farewell.clock.now()
    const { bytesRead } = session.socket
    this.#open.add({ stream, session, bytesRead, window: windowOf(stream), since }, since)
  }

  /**
   * A client that never finishes its request would keep a stream open for ever that has its answer:
   * once nothing comes any more, that is closed (RFC 9113, 8.1).
   */
  #endSilence(open: OpenStream, asOf: number): void {
    const { stream, session } = open
    if (stream.destroyed || session.http2.destroyed) return
    const { clock, linger } = this.#farewell
    const { bytesRead } = session.socket
    const window = windowOf(stream)
    const isAnswered = Boolean(stream.state.localClose)
    if (!isAnswered || window !== open.window) open.since = clock.now()
    const isSilent = bytesRead === open.bytesRead || asOf - open.since >= KEPT * linger
    if (isAnswered && isSilent) stream.close(NO_ERROR)
    else this.#open.add(Object.assign(open, { bytesRead, window }), clock.now())
  }

  #leaveIfDone(session: Session): void {
    if (!this.#told.has(session) || session.streams.size > 0) return
    this.#leaving.add(session, this.#farewell.clock.now())
  }
}

/** A stream of a session that has been told, and what had come when it was last looked at. */
interface OpenStream {
  readonly stream: ServerHttp2Stream
  readonly session: Session
  /** What had been read from the session. */
  bytesRead: number
  /** How much the stream could still take. */
  window: number
  /** Since when the stream has its answer, and has itself been silent. */
  since: number
}

/** What a stream can still take: it changes with what comes. NaN, unlike any other, where that isn't told. */
function windowOf({ state }: ServerHttp2Stream): number {
  return state.localWindowSize ?? Number.NaN
}

const NO_ERROR = 0
