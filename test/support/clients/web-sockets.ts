import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import type { WebSocketServerOptions } from '../../../src/http/websockets/options.ts'
import { webSocketServerHooks } from '../../../src/http/websockets/websocket-server.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { PollingClock, type ServiceOptions, serve } from '../service.ts'
import type { Answer, AskOptions, RawClient } from './raw-client.ts'

/** What a request for a WebSocket says (RFC 6455, 4.1), with the key of the RFC's own example. */
const FOR_A_WEB_SOCKET: AskOptions = {
  headers: {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  },
}

/** What a client is closed with by default. */
export const GOING_AWAY = { code: 1001, reason: 'server is shutting down' }

/** The hook's note in the report. */
export function closedNote(closed: number, cleanly: number): string {
  return `${closed} WebSocket${closed === 1 ? '' : 's'} closed, ${cleanly} of them cleanly`
}

/** How a WebSocket was closed. */
export interface Closed {
  readonly code: number
  readonly reason: string
}

/** A client that answers as `ws` does. */
export interface Client {
  readonly socket: WebSocket
  readonly closed: Promise<Closed>
}

/** What a test wants of its WebSockets. */
export interface WebSocketOptions extends WebSocketServerOptions {
  readonly clock?: Clock
  readonly ws?: ServerOptions
}

/** A `WebSocketServer` and the hook that ends it; it is gone when the test is over. */
export function webSockets(ws: ServerOptions, { clock, ws: _, ...options }: WebSocketOptions = {}) {
  const sockets = new WebSocketServer(ws)
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
  })
  const [hook] = webSocketServerHooks(sockets, options, clock ?? new PollingClock())
  if (!hook) throw new Error('No hook')
  return { sockets, hook }
}

/** A server of HTTP and WebSockets, which a shutdown ends. */
export async function serveWebSockets(
  { http = {}, ...options }: WebSocketOptions & { http?: ServiceOptions } = {},
  handler: RequestListener = (_, response) => void response.end('page'),
) {
  const service = await serve(handler, http)
  const { sockets, hook } = webSockets({ server: service.server, ...options.ws }, options)
  service.shutdown.add(hook)
  const open = (path?: string, wanted?: ClientOptions) => openWebSocket(service.port, path, wanted)
  return { ...service, sockets, hook, open }
}

/** A `WebSocketServer` with a port of its own. */
export async function listenForWebSockets(options: WebSocketOptions = {}) {
  const { sockets, hook } = webSockets({ port: 0, host: '127.0.0.1', ...options.ws }, options)
  await once(sockets, 'listening')
  const { port } = sockets.address() as AddressInfo
  return { sockets, hook, port, open: (path?: string) => openWebSocket(port, path) }
}

/** Rejects where the server refuses it. */
export async function openWebSocket(
  port: number,
  path = '/',
  options: ClientOptions = {},
): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options)
  onTestFinished(() => socket.terminate())
  const closed = new Promise<Closed>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  await once(socket, 'open')
  return { socket, closed }
}

/** Has a raw client ask for a WebSocket: it answers nothing from there on. */
export function askForWebSocket(client: RawClient, path = '/'): Promise<Answer> {
  return client.get(path, FOR_A_WEB_SOCKET)
}
