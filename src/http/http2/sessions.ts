import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { sharedSymbol } from '../../runtime/shared-state.ts'
import { onSession } from '../node/socket-of-session.ts'
import { type AnyHttpServer, type ServerState, speaksHttp2 } from '../server.ts'
import { oneSignalOf, provideSignals, type SignalSource } from '../signal-source.ts'

/** An open stream, which is one request. */
export interface OpenStream {
  readonly session: Session
  readonly headers: IncomingHttpHeaders
  readonly since: number
  /** Aborts the signal that its handler may have asked for. */
  aborter: AbortController | undefined
}

// Kept on the stream: a Map would cost each stream 5 % of its time.
const OPEN: unique symbol = sharedSymbol('open-stream') as never
type TrackedStream = ServerHttp2Stream & { [OPEN]?: OpenStream | undefined }

/** The record of a stream, if it is open and its server was passed in. */
export function openStreamOf(stream: TrackedStream): OpenStream | undefined {
  return stream[OPEN]
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
      this[OPEN] = undefined
      session.streams.delete(this)
      session.events++
      sessions.watcher?.answered(session)
    }
    // Not on the server: a listener for requests there may change how Node treats streams.
    http2.prependListener('stream', (stream: TrackedStream, headers: IncomingHttpHeaders) => {
      const now = state.clock.now()
      stream[OPEN] = { session, headers, since: now, aborter: undefined }
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
