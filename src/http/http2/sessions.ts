import type {
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../../runtime/clock.ts'
import type { Arrivals } from '../arrivals.ts'
import { onSession } from '../node/socket-of-session.ts'
import { requestAbortReason } from '../request-abort-reason.ts'
import { type AnyHttpServer, speaksHttp2 } from '../server.ts'

/** What is noted of a stream: one request. */
export interface OpenStream {
  readonly headers: IncomingHttpHeaders
  readonly since: number
  /** Aborts the signal that its handler may have asked for. */
  aborter: AbortController | undefined
}

// On the stream itself: a Map from one to the other would cost each stream 5 % of its time.
const OPEN = Symbol('open')
type TrackedStream = ServerHttp2Stream & { [OPEN]?: OpenStream }

/** One session of a client, with no more than a drain has to know of it. */
export class Session {
  /** The streams that are not answered in full. */
  readonly streams = new Set<TrackedStream>()
  /** Counts what has happened on it: streams opened, streams closed. */
  events = 0
  used = false

  constructor(
    readonly http2: ServerHttp2Session,
    /** The real one, not the proxy of the session. */
    readonly socket: Socket,
    readonly openedAt: number,
  ) {}
}

/** Receives what happens on the sessions. The drain registers itself here while it runs. */
export interface SessionWatcher {
  opened(session: Session): void
  answered(session: Session): void
  closed(session: Session): void
}

/** The sessions of a server that speaks HTTP/2. Other servers have none. */
export class Sessions {
  watcher: SessionWatcher | undefined
  hasAbortedSignals = false
  readonly #open = new Map<ServerHttp2Session, Session>()
  readonly #clock: Clock
  readonly #arrivals: Arrivals

  constructor(server: AnyHttpServer, clock: Clock, arrivals: Arrivals) {
    this.#clock = clock
    this.#arrivals = arrivals
    if (speaksHttp2(server)) onSession(server as Http2Server, this.#openSession)
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#open.values()
  }

  get size(): number {
    return this.#open.size
  }

  /** The session that a stream came on. */
  of(stream: ServerHttp2Stream): Session | undefined {
    return this.#open.get(stream.session as ServerHttp2Session)
  }

  /** What is known of everything that is open. */
  inFlight(): (OpenStream & { socket: Socket })[] {
    return [...this.#open.values()].flatMap(({ socket, streams }) =>
      [...streams].flatMap((stream) => (stream[OPEN] ? { ...stream[OPEN], socket } : [])),
    )
  }

  /** Aborts the signals that handlers of requests in flight have asked for. */
  abortSignals(): void {
    this.hasAbortedSignals = true
    for (const session of this.#open.values()) {
      for (const stream of session.streams) stream[OPEN]?.aborter?.abort(requestAbortReason())
    }
  }

  readonly #openSession = (http2: ServerHttp2Session, socket: Socket): void => {
    const session = new Session(http2, socket, this.#clock.now())
    this.#open.set(http2, session)
    SESSIONS.set(http2, this)
    const sessions = this
    const closed = function (this: TrackedStream) {
      session.streams.delete(this)
      session.events++
      sessions.watcher?.answered(session)
    }
    // On the session, not on the server: there a listener for requests may change how Node treats
    // streams.
    http2.prependListener('stream', (stream: TrackedStream, headers: IncomingHttpHeaders) => {
      const now = this.#clock.now()
      stream[OPEN] = { headers, since: now, aborter: undefined }
      session.streams.add(stream)
      session.events++
      if (!session.used) {
        session.used = true
        this.#arrivals.note(stream, now)
      }
      stream.on('close', closed)
    })
    http2.once('close', () => {
      this.#open.delete(http2)
      this.watcher?.closed(session)
    })
    this.watcher?.opened(session)
  }
}

// A closed stream has no session any more: a WeakMap finds nothing for `undefined`.
const SESSIONS = new WeakMap<ServerHttp2Session, Sessions>()

/** What is known of a stream, if its server has been handed in. */
export function findStream(
  stream: TrackedStream,
): { open: OpenStream; hasAbortedSignals: boolean } | undefined {
  const sessions = SESSIONS.get(stream.session as ServerHttp2Session)
  const open = stream[OPEN]
  return sessions && open && { open, hasAbortedSignals: sessions.hasAbortedSignals }
}
