import type { ServerHttp2Stream } from 'node:http2'
import { formatBytes } from '../../base/bytes.ts'
import { formatDuration } from '../../base/duration.ts'
import { firstTen, plural } from '../../base/summarize.ts'
import type { SendQueues } from '../../runtime/send-queues.ts'
import { Deliveries, NOT_TAKEN } from '../deliveries.ts'
import type { DrainContext, DrainPart, Movement } from '../drain-part.ts'
import { DueQueue } from '../due-queue.ts'
import { refuseStream } from '../late-request.ts'
import { bytesInWrite } from '../node/bytes-in-write.ts'
import type { Interceptor } from '../node/intercept.ts'
import { clientName } from '../request-names.ts'
import { Goaway } from './goaway.ts'
import {
  isEnded,
  nameOf,
  openStreamOf,
  type Session,
  type Sessions,
  type SessionWatcher,
} from './sessions.ts'

/** How many lingers an answered stream may be silent while its session is not: PINGs, for example. */
const UNFINISHED_LINGERS = 4

/** A client that only sends PINGs takes fewer bytes than this between two looks: the answers. */
const ANSWERS_TO_PINGS = 200

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
  /** Sessions whose clients keep their side open, and may still be reading. */
  readonly #deliveries = new Deliveries<Session>(
    ({ socket }) => `1 HTTP/2 session${clientName(socket)}`,
  )
  /** How many bytes the client of each session had taken at the last look. */
  readonly #taken = new WeakMap<Session, number>()
  readonly #counts = { sessions: 0, streams: 0, refused: 0 }
  #streamsSeen = 0
  #isStopped = false

  constructor(
    readonly sessions: Sessions,
    readonly drain: DrainContext,
  ) {
    const { linger, clock } = drain
    this.#watched = new DueQueue(linger, clock, (stream, asOf) => this.#closeSilent(stream, asOf))
    this.#closing = new DueQueue(linger, clock, (session) => {
      this.#deliveries.add(session)
      drain.onSlow()
    })
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

  get isOver(): boolean {
    return this.sessions.open.size === 0
  }

  hasWork(): boolean {
    const isWork = (stream: ServerHttp2Stream) => !isEnded(stream) && !stream.writableNeedDrain
    return [...this.sessions.open].some(({ streams }) => [...streams].some(isWork))
  }

  isSlow(): boolean {
    const isBlocked = ({ socket, streams }: Session) => streams.size > 0 && bytesInWrite(socket) > 0
    return this.#deliveries.size > 0 || [...this.sessions.open].some(isBlocked)
  }

  movement(queues: SendQueues | undefined): Movement {
    const { streams } = this.#counts
    const hasAsked = streams !== this.#streamsSeen
    this.#streamsSeen = streams
    const isDelivering = this.#deliveries.hasMoved(queues)
    const reading = [...this.sessions.open].filter((session) => this.#isReading(session, queues))
    return hasAsked || isDelivering || reading.length > 0 ? 'client' : 'none'
  }

  /** Whether the client of a session with open streams has taken more than the answers to its PINGs. */
  #isReading(session: Session, queues: SendQueues | undefined): boolean {
    const { socket, streams } = session
    const taken = socket.bytesWritten - bytesInWrite(socket) - (queues?.of(socket) ?? 0)
    const before = this.#taken.get(session) ?? Number.NEGATIVE_INFINITY
    this.#taken.set(session, taken)
    return streams.size > 0 && taken - before > ANSWERS_TO_PINGS
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
    this.#deliveries.delete(session)
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
    const requests = this.sessions.inFlight().map((open) => {
      const { since, session } = open
      const unsent = bytesInWrite(session.socket)
      const slow = unsent > 0 ? `: ${formatBytes(unsent)} ${NOT_TAKEN}` : ''
      return `${nameOf(open)}, ${formatDuration(now - since)} old${clientName(session.socket)}${slow}`
    })
    const lines = [...firstTen(requests, 'request'), ...this.#deliveries.whatIsLeft()]
    const isIdle = (session: Session) =>
      session.streams.size === 0 && !this.#deliveries.has(session)
    const idle = [...this.sessions.open].filter(isIdle).length
    if (idle > 0) lines.push(`${plural(idle, 'HTTP/2 session')} without requests`)
    return lines
  }

  #admit(pass: () => boolean, stream: ServerHttp2Stream): true {
    const open = openStreamOf(stream)
    const goaway = open && this.#goaways.get(open.session)
    this.#counts.streams++
    const handOn = () => {
      // The client may have reset it since.
      if (stream.destroyed) return
      if (open) open.isHeld = false
      if (this.drain.isTooLate()) {
        this.#counts.refused++
        refuseStream(stream)
      } else pass()
    }
    if (!goaway) handOn()
    else if (goaway.admit(handOn)) {
      open.isHeld = true
      // Nothing else listens to it yet: a reset with an error would end the process.
      stream.once('error', () => {})
    }
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
