import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type {
  Http2SecureServer,
  Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
} from 'node:http2'
import type { Socket } from 'node:net'
import { refusal, show } from '../base/errors.ts'

/** A server of `node:http`, `node:https` or `node:http2`. Express and Fastify use these. */
export type AnyHttpServer = HttpServer | Http2Server | Http2SecureServer

/** A request of HTTP/1 or HTTP/2, as handlers get it. */
export type AnyRequest = IncomingMessage | Http2ServerRequest

/** Its response. */
export type AnyResponse = ServerResponse | Http2ServerResponse

/** Throws if `server` cannot be drained, and says what to pass. */
export function refuseNonServer(server: unknown): asserts server is AnyHttpServer {
  if (isServer(server)) return
  throw refusal(
    'LASTCALL_NOT_A_SERVER',
    `Expected \`server\` to be a server of node:http, node:https or node:http2, got ${show(server)}. ${whatToPass(server)}`,
  )
}

// Recognised by methods: `instanceof` would load node:http2 and node:tls in programs that do not
// use them.

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

/** Whether a connection of an HTTP/2 server negotiated HTTP/2. */
export function isHttp2(socket: Socket & { alpnProtocol?: string | false | null }): boolean {
  // Without TLS nothing is negotiated.
  return socket.alpnProtocol === undefined || socket.alpnProtocol === 'h2'
}

function whatToPass(server: unknown): string {
  const has = (method: string) => typeof Object(server)[method] === 'function'
  if (has('getHttpServer')) {
    return 'This is a NestJS application: write httpServer(app.getHttpServer()).'
  }
  if (isServer(Object(server).server)) {
    return has('register')
      ? 'This is a Fastify application: write httpServer(app.server), or app.register(fastifyShutdown, { shutdown }).'
      : 'Pass its `server`, as in httpServer(app.server).'
  }
  // After Fastify, whose application is thenable.
  if (has('then')) return 'This is a promise: await it, as in httpServer(await server).'
  if (has('fetch'))
    return 'This is a Hono application: pass what serve() of @hono/node-server returns.'
  if (has('callback') && has('listen')) {
    return 'This is a Koa application: pass what app.listen() returns.'
  }
  if (typeof server === 'function') {
    return 'This looks like an Express application: pass what app.listen() returns.'
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
