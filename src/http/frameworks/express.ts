import type { LastcallError } from '../../base/errors.ts'
import { systemClock } from '../../runtime/clock.ts'
import { Clients } from '../clients.ts'
import { type HealthChecks, healthChecks } from '../health.ts'
import { checkOptions, type HttpServerOptions, httpServerHooks } from '../http-server.ts'
import type { AnyHttpServer, AnyRequest, AnyResponse } from '../server.ts'
import { type HookTaker, refuseNoShutdown } from './hook-taker.ts'

/** What the middleware takes: what `httpServer()` does, and a default for the probes. */
export interface ExpressShutdownOptions extends HttpServerOptions {
  /** What answers the probes. Default: `/livez` and `/readyz`, as by `healthChecks()`. */
  readonly health?: HealthChecks
}

/** A middleware as Express, Connect and others of their kind take it. */
export type Middleware = (
  request: AnyRequest,
  response: AnyResponse,
  next: (error?: unknown) => void,
) => void

/**
 * A middleware for Express and its kind, where nobody has the server at hand: it answers the probes,
 * and drains each server that a request came by, from its first request on. Use it before all
 * others.
 *
 * Where `app.listen()`'s server is at hand, `httpServer(server)` knows its connections from the
 * start.
 *
 * @example
 * const shutdown = createShutdown()
 * app.use(expressShutdown(shutdown))
 * app.listen(3000)
 * shutdown.listen()
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`
 */
export function expressShutdown(
  shutdown: HookTaker,
  options: ExpressShutdownOptions = {},
): Middleware {
  refuseNoShutdown(shutdown)
  checkOptions(options)
  const { health = healthChecks(), name = 'http', ...others } = options
  /** The servers that requests came by, and what speaks against draining them: each request says so. */
  const known = new WeakMap<object, unknown>()
  let servers = 0
  /** Those that were handed in here, also before they were closed: one may be started again. */
  const ours = new WeakSet<object>()
  /** The server's connections are counted from its first request on, this one included. */
  const handIn = (server: AnyHttpServer, request: AnyRequest, response: AnyResponse): unknown => {
    // Handed in by somebody else, or by the middleware of another part of the application.
    if (Clients.known(server) && !ours.has(server)) return undefined
    ours.add(server)
    const own = servers === 0 ? name : `${name}:${servers + 1}`
    const hooks = httpServerHooks(server, { ...others, name: own, health }, systemClock)
    Clients.known(server)?.connections.countHttp1(request, response)
    servers++
    try {
      const undo = shutdown.add(hooks)
      // Closed by itself it leaves nothing to end: tests open one for each request.
      server.once('close', () => {
        undo()
        known.delete(server)
      })
      return undefined
    } catch (error) {
      // The run is over: there is nothing to be ended any more, and a request to be answered.
      return (error as LastcallError).code === 'LASTCALL_ENDED' ? undefined : error
    }
  }
  return (request, response, next) => {
    const { server } = request.socket as { server?: AnyHttpServer }
    if (server && !known.has(server)) known.set(server, handIn(server, request, response))
    const refusal = server && known.get(server)
    if (refusal) throw refusal
    health(request, response, next)
  }
}
