export { type HealthChecks, type HealthOptions, healthChecks } from './health.ts'
export { type HttpServerOptions, httpServer } from './http-server.ts'
export type { LameDuckOptions } from './lame-duck.ts'
