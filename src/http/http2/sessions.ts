import type {
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import { sharedSymbol } from '../../runtime/shared-state.ts'
import { responseOfStream } from '../node/response-of-stream.ts'
import { onSession } from '../node/socket-of-session.ts'
import { requestName } from '../request-names.ts'
import { type AnyHttpServer, speaksHttp2 } from '../server.ts'
import type { ServerState } from '../server-state.ts'
import { oneSignalOf, provideSignals, type SignalSource } from '../signal-source.ts'

/** An open stream, which is one request. */
export interface OpenStream {
  readonly session: Session
  readonly headers: IncomingHttpHeaders
  readonly since: number
  /** Aborts the signal that its handler may have asked for. */
  aborter: AbortController | undefined
  /** Whether the drain keeps it from its handler for now. */
  isHeld: boolean
}

// Kept on the stream: a Map would cost each stream 5 % of its time.
const OPEN: unique symbol = sharedSymbol('open-stream') as never
type TrackedStream = ServerHttp2Stream & { [OPEN]?: OpenStream | undefined }

/** The record of a stream, if it is open and its server was passed in. */
export function openStreamOf(stream: TrackedStream): OpenStream | undefined {
  return stream[OPEN]
}

/** Whether the handler has ended the response. */
export function isEnded(stream: ServerHttp2Stream): boolean {
  const response = responseOfStream(stream)
  // When a client resets a stream, Node ends it.
  return response ? response.writableEnded : stream.writableEnded && !stream.aborted
}

/** What the handler ends: the response that Node made for it, or the stream itself. */
function endableOf(stream: ServerHttp2Stream): ServerHttp2Stream | Http2ServerResponse {
  return responseOfStream(stream) ?? stream
}

/** Such as `POST /pay (HTTP/2)`. */
export function nameOf({ headers }: OpenStream): string {
  // A CONNECT request has no path.
  return `${requestName(headers[':method'], headers[':path'] ?? headers[':authority'])} (HTTP/2)`
}

/** One session of a client. */
export class Session implements SignalSource {
  /** The streams that are not answered in full. */
  readonly streams = new Set<TrackedStream>()
  /** Counts streams opened plus streams closed. */
  events = 0
  used = false

  constructor(
    readonly http2: ServerHttp2Session,
    /** The real socket, not the session's proxy. */
    readonly socket: Socket,
    readonly state: ServerState,
    readonly openedAt: number,
  ) {
    provideSignals(http2, this)
  }

  signalOf(stream: TrackedStream): AbortSignal {
    return oneSignalOf(stream, (controller) => {
      const open = openStreamOf(stream)
      if (!open) return
      open.aborter = controller
      const { abortReason } = this.state
      if (abortReason) controller.abort(abortReason)
    })
  }
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
  readonly open = new Set<Session>()

  constructor(
    server: AnyHttpServer,
    readonly state: ServerState,
  ) {
    if (speaksHttp2(server)) onSession(server, this.#openSession)
  }

  inFlight(): OpenStream[] {
    return [...this.open].flatMap(({ streams }) =>
      [...streams].flatMap((stream) => stream[OPEN] ?? []),
    )
  }

  abortSignals(): void {
    for (const { aborter } of this.inFlight()) aborter?.abort(this.state.abortReason)
  }

  readonly #openSession = (http2: ServerHttp2Session, socket: Socket): void => {
    const { state } = this
    const session = new Session(http2, socket, state, state.clock.now())
    this.open.add(session)
    const sessions = this
    const closed = function (this: TrackedStream) {
      const open = this[OPEN]
      this[OPEN] = undefined
      if (open && !open.isHeld && !isEnded(this) && !state.isProbe(this))
        state.gone.add(nameOf(open), endableOf(this))
      session.streams.delete(this)
      session.events++
      sessions.watcher?.answered(session)
    }
    // Not on the server: a listener for requests there may change how Node treats streams.
    http2.prependListener('stream', (stream: TrackedStream, headers: IncomingHttpHeaders) => {
      const now = state.clock.now()
      stream[OPEN] = { session, headers, since: now, aborter: undefined, isHeld: false }
      session.streams.add(stream)
      session.events++
      if (!session.used) {
        session.used = true
        state.noteArrival(stream, now)
      }
      stream.on('close', closed)
    })
    http2.once('close', () => {
      this.open.delete(session)
      this.watcher?.closed(session)
    })
    this.watcher?.opened(session)
  }
}
