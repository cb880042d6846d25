import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type {
  Http2SecureServer,
  Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
} from 'node:http2'
import type { Socket } from 'node:net'
import { type AbortError, LastcallError, show } from '../base/errors.ts'
import type { Clock } from '../runtime/clock.ts'

/** A server of `node:http`, `node:https` or `node:http2`. Express's and Fastify's are such. */
export type AnyHttpServer = HttpServer | Http2Server | Http2SecureServer

/** A request of either version of the protocol, as handlers get it. */
export type AnyRequest = IncomingMessage | Http2ServerRequest

/** The answer to it. */
export type AnyResponse = ServerResponse | Http2ServerResponse

/** What the connections and sessions of a server have in common. */
export class ServerState {
  /** When a client last sent its first request, probes left out. A lame duck waits until none does. */
  lastArrivalAt = Number.NEGATIVE_INFINITY
  /** Set once the drain has asked all handlers to come to an end: `requestSignal()` aborts with it. */
  abortReason: AbortError | undefined

  constructor(
    readonly clock: Clock,
    public isProbe: (request: object) => boolean,
  ) {}

  noteArrival(request: object, now: number): void {
    // Whether it is a probe is known only once its handler has run.
    queueMicrotask(() => {
      if (!this.isProbe(request)) this.lastArrivalAt = now
    })
  }
}

/** Throws where this is no server that can be drained, and says what to pass. */
export function refuseNonServer(server: unknown): asserts server is AnyHttpServer {
  if (isServer(server)) return
  throw new LastcallError(
    'LASTCALL_NOT_A_SERVER',
    `Expected \`server\` to be a server of node:http, node:https or node:http2, got ${show(server)}. ${whatToPass(server)}`,
  )
}

// Recognised by their methods: loading node:http2 or node:tls to ask would cost programs that do not use them.

export function speaksHttp2(server: AnyHttpServer): server is Http2Server | Http2SecureServer {
  return typeof (server as { updateSettings?: unknown }).updateSettings === 'function'
}

export function speaksTls(server: AnyHttpServer): boolean {
  return typeof (server as { setSecureContext?: unknown }).setSecureContext === 'function'
}

/**
 * Whether a request came by HTTP/1. A server with HTTP/2 emits the same events for its streams. The
 * version does not tell: Node answers a request line that ends with `HTTP/2.0` by HTTP/1.
 */
export function isHttp1Request(request: AnyRequest): request is IncomingMessage {
  return !('stream' in request)
}

/** Whether HTTP/2 was agreed on for this connection of a server that speaks it. */
export function isHttp2(socket: Socket & { alpnProtocol?: string | false | null }): boolean {
  // Without TLS there is nothing to agree on.
  return socket.alpnProtocol === undefined || socket.alpnProtocol === 'h2'
}

function whatToPass(server: unknown): string {
  if (typeof server === 'function') {
    return 'This looks like an Express application: pass what app.listen() returns.'
  }
  if (isServer((server as { server?: unknown } | null | undefined)?.server)) {
    return 'Pass its `server`, as in httpServer(app.server).'
  }
  return 'Pass what createServer() of node:http, node:https or node:http2, or app.listen(), returns.'
}

function isServer(value: unknown): boolean {
  const server = value as Partial<HttpServer> | null | undefined
  return (
    typeof server?.on === 'function' &&
    typeof server.close === 'function' &&
    (typeof server.closeIdleConnections === 'function' || speaksHttp2(server as AnyHttpServer))
  )
}
