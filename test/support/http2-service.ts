import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectWithNode,
  createSecureServer,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureServerOptions,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { createShutdown, type Shutdown } from 'lastcall'
import { onTestFinished } from 'vitest'
import { httpServerHooks } from '../../src/http/http-server.ts'
import type { HttpServerOptions } from '../../src/http/options.ts'
import { type Clock, systemClock } from '../../src/runtime/clock.ts'
import { type Ending, RawClient } from './clients/raw-client.ts'
import { RawSession, type RawSessionOptions } from './clients/raw-session.ts'
import { selfSigned } from './servers/certificate.ts'
import type { PollingClock } from './service.ts'

export type Http2Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void

/** What a test wants of its service besides the handler. */
export interface Http2ServiceOptions extends HttpServerOptions {
  readonly secure?: boolean
  /** What the drain takes for the time. Default: the real one. */
  readonly clock?: Clock
  readonly server?: SecureServerOptions
}

/** A server of HTTP/2 in this process that a shutdown will end. */
export interface Http2Service {
  readonly server: Http2Server
  readonly port: number
  readonly shutdown: Shutdown
  /** A client that sends just the frames it is told to. */
  connect(options?: RawSessionOptions): Promise<RawSession>
  /** Node's own client. */
  connectNode(): Promise<ClientHttp2Session>
  /** A client of HTTP/1, where the server allows it. */
  connectHttp1(): Promise<RawClient>
}

const certificate = selfSigned()

/** The ways of a server to speak HTTP/2, for `describe.each`. */
export const WAYS: [string, Pick<Http2ServiceOptions, 'secure' | 'server'>][] = [
  ['clear text', {}],
  ['TLS', { secure: true }],
  ['TLS, with HTTP/1 allowed', { secure: true, server: { allowHTTP1: true } }],
]

/** Starts a server, and adds it to a shutdown of its own; both are gone when the test is over. */
export async function serveHttp2(
  handler: Http2Handler | undefined,
  { secure = false, clock = systemClock, server: options = {}, ...http }: Http2ServiceOptions = {},
): Promise<Http2Service> {
  const server = http2Server(handler, secure, options)
  const shutdown = createShutdown({ exit: false, grace: '10s', log: false })
  shutdown.add(httpServerHooks(server, http, clock))
  const port = await listenHttp2(server)
  return {
    server,
    port,
    shutdown,
    connect: (wanted) => connectRaw(port, { secure, ...wanted }),
    connectNode: () => connectNode(port, secure),
    connectHttp1: async () => {
      const client = await RawClient.connect(port, { secure })
      onTestFinished(() => void client.socket.destroy())
      return client
    },
  }
}

/** A server that does not listen yet. */
export function http2Server(
  handler: Http2Handler | undefined,
  secure = false,
  options: SecureServerOptions = {},
): Http2Server {
  return secure
    ? (createSecureServer({ ...options, ...certificate }, handler) as Http2Server)
    : createServer(options, handler)
}

/** Has a server listen for as long as the test lasts; on a path where one is given. */
export async function listenHttp2(server: Http2Server, path?: string): Promise<number> {
  const sockets = new Set<Socket>()
  const add = (socket: Socket) => void sockets.add(socket)
  server.on('connection', add)
  onTestFinished(() => {
    server.off('connection', add)
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  if (path === undefined) server.listen(0, '127.0.0.1')
  else server.listen(path)
  await once(server, 'listening')
  return path === undefined ? (server.address() as AddressInfo).port : 0
}

/** A client that is gone when the test is over. */
export async function connectRaw(
  to: number | string,
  options: RawSessionOptions = {},
): Promise<RawSession> {
  const client = await RawSession.connect(to, options)
  onTestFinished(() => void client.socket.destroy())
  return client
}

/** Node's own client, which is gone when the test is over. */
export async function connectNode(port: number, secure = false): Promise<ClientHttp2Session> {
  const url = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`
  const session = connectWithNode(url, { rejectUnauthorized: false })
  session.on('error', () => {})
  onTestFinished(() => session.destroy())
  await once(session, 'connect')
  return session
}

/** What became of a request of Node's own client. */
export interface NodeAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
  readonly body: string
}

/** Sends a request, and waits for the answer to it; rejects where there is none. */
export function askNode(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders | string,
): Promise<NodeAnswer> {
  return answerOf(session.request(typeof headers === 'string' ? { ':path': headers } : headers))
}

/** The answer on a stream of Node's own client; rejects where there is none. */
export function answerOf(stream: ClientHttp2Stream): Promise<NodeAnswer> {
  return new Promise((resolve, reject) => {
    let [body, headers, trailers]: [string, IncomingHttpHeaders, IncomingHttpHeaders] = ['', {}, {}]
    stream.setEncoding('utf8')
    stream.on('response', (had) => {
      headers = had
    })
    stream.on('trailers', (had) => {
      trailers = had
    })
    stream.on('data', (text: string) => {
      body += text
    })
    stream.on('error', reject)
    stream.on('close', () => {
      const status = headers[':status'] as number | undefined
      if (status !== undefined && stream.readableEnded) resolve({ status, headers, trailers, body })
      else reject(new Error(`No answer: ${status}, code ${stream.rstCode} after '${body}'`))
    })
  })
}

/** Moves time on until the server has ended its side, so many milliseconds at most; then we end ours. */
export async function endedIn(
  client: RawSession,
  clock: PollingClock,
  milliseconds = 200,
): Promise<Ending | undefined> {
  for (let passed = 0; passed < milliseconds && client.ending === undefined; passed++) {
    await clock.advance(1)
  }
  client.socket.end()
  return client.ending
}
