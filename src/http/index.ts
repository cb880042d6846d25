export {
  type ExpressShutdownOptions,
  expressShutdown,
  type Middleware,
} from './frameworks/express.ts'
export {
  type FastifyLike,
  type FastifyShutdownOptions,
  fastifyShutdown,
} from './frameworks/fastify.ts'
export { type HealthChecks, type HealthOptions, healthChecks } from './health/health-checks.ts'
export { httpServer } from './http-server.ts'
export type { HookTaker, HttpServerOptions, LameDuckOptions } from './options.ts'
export { requestSignal, type SignalledRequest } from './request-signal.ts'
export type { AnyHttpServer, AnyRequest, AnyResponse } from './server.ts'
export type { WebSocketLike, WebSocketServerLike } from './websockets/known-sockets.ts'
export type { WebSocketServerOptions } from './websockets/options.ts'
export { webSocketServer } from './websockets/websocket-server.ts'
