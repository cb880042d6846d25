import type {
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../../runtime/clock.ts'
import type { Arrivals } from '../arrivals.ts'
import { requestAbortReason } from '../request-abort-reason.ts'
import { type AnyHttpServer, speaksHttp2 } from '../server.ts'

/** What is noted of a stream: one request. */
export interface OpenStream {
  readonly headers: IncomingHttpHeaders
  readonly since: number
  /** Whoever handles it may have asked to be told when to end. */
  ending: AbortController | undefined
}

// On the stream itself: a Map from one to the other would cost each stream 5 % of its time.
const OPEN = Symbol('open')
type TrackedStream = ServerHttp2Stream & { [OPEN]?: OpenStream }

/** One session of a client, with no more than a drain will have to know of it. */
export class Session {
  /** Those that are not answered in full. */
  readonly streams = new Set<TrackedStream>()
  /** Counts what has happened on it: streams opened, streams closed. */
  events = 0
  used = false

  constructor(
    readonly http2: ServerHttp2Session,
    /** The one below it, which Node does not let anybody touch through the session. */
    readonly socket: Socket,
    readonly openedAt: number,
  ) {}
}

/** Whoever wants to know what happens on the sessions: the drain, while it runs. */
export interface SessionWatcher {
  opened(session: Session): void
  answered(session: Session): void
  closed(session: Session): void
}

/** The sessions of a server that speaks HTTP/2; of another one there are none. */
export class Sessions {
  watcher: SessionWatcher | undefined
  isEnding = false
  readonly #open = new Map<ServerHttp2Session, Session>()
  readonly #clock: Clock
  readonly #arrivals: Arrivals
  #accepted: Socket | undefined

  constructor(server: AnyHttpServer, clock: Clock, arrivals: Arrivals) {
    this.#clock = clock
    this.#arrivals = arrivals
    if (speaksHttp2(server)) (server as Http2Server).prependListener('session', this.#openSession)
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

  /** The next session is on this socket: Node opens it in the same turn. */
  expect(socket: Socket): void {
    this.#accepted = socket
  }

  /** What is known of everything that is open. */
  inFlight(): (OpenStream & { socket: Socket })[] {
    return [...this.#open.values()].flatMap(({ socket, streams }) =>
      [...streams].flatMap((stream) => (stream[OPEN] ? { ...stream[OPEN], socket } : [])),
    )
  }

  /** Tells the requests in flight, those at least that asked for it. */
  askToEnd(): void {
    this.isEnding = true
    for (const session of this.#open.values()) {
      for (const stream of session.streams) stream[OPEN]?.ending?.abort(requestAbortReason())
    }
  }

  readonly #openSession = (http2: ServerHttp2Session): void => {
    const socket = this.#accepted
    if (!socket) return
    this.#accepted = undefined
    const session = new Session(http2, socket, this.#clock.now())
    this.#open.set(http2, session)
    SESSIONS.set(http2, this)
    const sessions = this
    const closed = function (this: TrackedStream) {
      session.streams.delete(this)
      session.events++
      sessions.watcher?.answered(session)
    }
    // On the session, and not on the server, where a listener for requests may change how Node
    // treats streams.
    http2.prependListener('stream', (stream: TrackedStream, headers: IncomingHttpHeaders) => {
      const now = this.#clock.now()
      stream[OPEN] = { headers, since: now, ending: undefined }
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

// A stream that is closed has no session any more, and a WeakMap finds nothing for `undefined`.
const SESSIONS = new WeakMap<ServerHttp2Session, Sessions>()

/** What is known of a stream, if its server has been handed in. */
export function findStream(
  stream: TrackedStream,
): { open: OpenStream; isEnding: boolean } | undefined {
  const sessions = SESSIONS.get(stream.session as ServerHttp2Session)
  const open = stream[OPEN]
  return sessions && open && { open, isEnding: sessions.isEnding }
}
