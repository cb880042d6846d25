import type { ServerHttp2Stream } from 'node:http2'
import { formatDuration } from '../../base/duration.ts'
import { firstTen, plural } from '../../base/summarize.ts'
import type { DrainContext, DrainPart } from '../drain-part.ts'
import { DueQueue } from '../due-queue.ts'
import { refuseStream } from '../late-request.ts'
import type { Interceptor } from '../node/intercept.ts'
import { clientName, requestName } from '../request-names.ts'
import { Goaway } from './goaway.ts'
import { openStreamOf, type Session, type Sessions, type SessionWatcher } from './sessions.ts'

/** How many lingers an answered stream may be silent while its session is not: PINGs, for example. */
const UNFINISHED_LINGERS = 4

const NO_ERROR = 0

/** Ends HTTP/2 sessions: each after a GOAWAY, and when its open streams have been answered. */
export class SessionsDrain implements DrainPart, SessionWatcher {
  readonly interceptors: Readonly<Record<string, Interceptor>>
  readonly #goaways = new Map<Session, Goaway>()
  /** Open streams of notified sessions, checked once per linger. */
  readonly #watched: DueQueue<WatchedStream>
  /** Sessions with nothing left to answer, whose client has a linger to close its side. */
  readonly #closing: DueQueue<Session>
  /** Sessions that have been sent the last GOAWAY. */
  readonly #notified = new WeakSet<Session>()
  readonly #counts = { sessions: 0, refused: 0 }
  #isStopped = false

  constructor(
    readonly sessions: Sessions,
    readonly drain: DrainContext,
  ) {
    const { linger, clock } = drain
    this.#watched = new DueQueue(linger, clock, (stream, asOf) => this.#closeSilent(stream, asOf))
    this.#closing = new DueQueue(linger, clock, ({ socket }) => socket.destroy())
    const stream: Interceptor = (pass, stream: ServerHttp2Stream) => this.#admit(pass, stream)
    this.interceptors = { stream }
  }

  begin(): void {
    this.sessions.watcher = this
    for (const session of this.sessions.open) this.opened(session)
  }

  stop(): void {
    this.#isStopped = true
    this.#watched.clear()
    this.#closing.clear()
    this.sessions.watcher = undefined
    for (const goaway of this.#goaways.values()) goaway.stop()
  }

  opened(session: Session): void {
    this.#counts.sessions++
    void this.#notify(session)
  }

  answered(session: Session): void {
    if (session.streams.size > 0) return
    this.#goaways.get(session)?.noteEmpty()
    if (this.#notified.has(session)) this.#closing.add(session)
  }

  closed(session: Session): void {
    this.#closing.delete(session)
    this.#goaways.delete(session)
    this.drain.onLeft()
  }

  whatWasDone(): string[] {
    const { sessions, refused } = this.#counts
    const lines = sessions > 0 ? [`${plural(sessions, 'HTTP/2 session')} closed`] : []
    if (refused > 0) lines.push(`${plural(refused, 'late stream')} refused with 503`)
    return lines
  }

  whatIsLeft(): string[] {
    const now = this.drain.clock.now()
    const requests = this.sessions.inFlight().map(({ headers, since, session }) => {
      // A CONNECT request has no path.
      const target = headers[':path'] ?? headers[':authority']
      const name = requestName(headers[':method'] as string, target as string)
      return `${name} (HTTP/2), ${formatDuration(now - since)} old${clientName(session.socket)}`
    })
    const lines = firstTen(requests, 'request')
    const idle = [...this.sessions.open].filter(({ streams }) => streams.size === 0).length
    if (idle > 0) lines.push(`${plural(idle, 'HTTP/2 session')} without requests`)
    return lines
  }

  #admit(pass: () => boolean, stream: ServerHttp2Stream): true {
    const session = openStreamOf(stream)?.session
    const goaway = session && this.#goaways.get(session)
    const handOn = () => {
      // The client may have reset it since.
      if (stream.destroyed) return
      if (this.drain.isTooLate()) {
        this.#counts.refused++
        refuseStream(stream)
      } else pass()
    }
    if (!goaway) handOn()
    // Nothing else listens to a held stream yet: a reset with an error would end the process.
    else if (goaway.admit(handOn)) stream.once('error', () => {})
    return true
  }

  async #notify(session: Session): Promise<void> {
    const goaway = new Goaway(session, this.drain)
    this.#goaways.set(session, goaway)
    await goaway.send()
    if (this.#isStopped) return
    // Node has closed our side only.
    if (session.http2.destroyed) return this.#closing.add(session)
    this.#notified.add(session)
    if (session.streams.size === 0) this.#closing.add(session)
    const since = this.drain.clock.now()
    const { bytesRead } = session.socket
    for (const stream of session.streams) {
      this.#watched.add({ stream, session, bytesRead, window: windowOf(stream), since })
    }
  }

  /** Closes an answered stream whose client does not finish its request (RFC 9113, 8.1). */
  #closeSilent(watched: WatchedStream, asOf: number): void {
    const { stream, session } = watched
    if (stream.destroyed || session.http2.destroyed) return
    const { clock, linger } = this.drain
    const { bytesRead } = session.socket
    const window = windowOf(stream)
    const isAnswered = Boolean(stream.state.localClose)
    if (!isAnswered || window !== watched.window) watched.since = clock.now()
    const isSilent =
      bytesRead === watched.bytesRead || asOf - watched.since >= UNFINISHED_LINGERS * linger
    if (isAnswered && isSilent) stream.close(NO_ERROR)
    else this.#watched.add(Object.assign(watched, { bytesRead, window }))
  }
}

/** A stream of a notified session, and what had arrived at its last check. */
interface WatchedStream {
  readonly stream: ServerHttp2Stream
  readonly session: Session
  /** Bytes read from the session. */
  bytesRead: number
  /** The stream's receive window. */
  window: number
  /** Since when the stream has been answered and silent. */
  since: number
}

/** A stream's receive window, which changes as data arrives. NaN, unequal to itself, if Node has none. */
function windowOf({ state }: ServerHttp2Stream): number {
  return state.localWindowSize ?? Number.NaN
}
