import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { createShutdown, type Hook } from 'lastcall'
import {
  expressShutdown,
  type HealthChecks,
  type HttpServerOptions,
  healthChecks,
  httpServer,
  type LameDuckOptions,
  type Middleware,
  requestSignal,
  type WebSocketLike,
  type WebSocketServerLike,
  webSocketServer,
} from 'lastcall/http'

declare function takes<T>(value: T): void
const shutdown = createShutdown()
const server = createServer()

takes<Hook[]>(httpServer(server))
takes<Hook[]>(httpServer(createTlsServer()))
takes<Hook[]>(httpServer(createSecureServer()))
takes<() => boolean>(shutdown.add(httpServer(server, { name: 'admin', phase: 'drain' })))
takes<() => boolean>(shutdown.add([httpServer(server), httpServer(server)]))
// @ts-expect-error: it takes the server
httpServer(3000)
// @ts-expect-error: misspelt
httpServer(server, { lingre: '1s' })
// @ts-expect-error: no duration
httpServer(server, { linger: true })

const health = healthChecks({ livez: '/alive', readyz: '/ready', ready: async () => true })
takes<HealthChecks>(health)
takes<HttpServerOptions>({ health, lameDuck: '5s', linger: 0, refuseWithin: '1s' })
takes<LameDuckOptions>({ atLeast: '1s', atMost: '5s', probes: 3, quiet: '100ms' })
// @ts-expect-error: a number of probes
takes<LameDuckOptions>({ probes: '3' })
// @ts-expect-error: readiness is a boolean
healthChecks({ ready: () => 'yes' })

createServer((request, response) => {
  takes<boolean>(health(request, response))
  takes<AbortSignal>(requestSignal(request))
})
// @ts-expect-error: of a request, and not of a server
requestSignal(server)

takes<Middleware>(expressShutdown(shutdown, { timeout: '5s' }))
// @ts-expect-error: it takes the shutdown
expressShutdown({ timeout: '5s' })

declare const sockets: Parameters<typeof webSocketServer>[0]
takes<Hook[]>(webSocketServer(sockets, { code: 1012, reason: 'deploy', batchSize: 100 }))
// @ts-expect-error: a status code is a number
webSocketServer(sockets, { code: '1012' })
// A server whose WebSockets have more than is needed, as those of ws.
declare const ofWs: WebSocketServerLike<WebSocketLike & { readyState: number; OPEN: 1 }>
takes<Hook[]>(webSocketServer(ofWs, { busy: ({ readyState, OPEN }) => readyState === OPEN }))
takes<Hook[]>(
  webSocketServer(sockets, { busy: (socket: WebSocketLike) => socket.isPaused === true }),
)
// @ts-expect-error: a promise is always true
webSocketServer(ofWs, { busy: async () => true })
// @ts-expect-error: it takes the WebSocketServer
webSocketServer(server)
