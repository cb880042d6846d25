import { inCall, type LastcallError } from '../../base/errors.ts'
import { AdapterClock } from '../../runtime/adapter-clock.ts'
import { Clients } from '../clients.ts'
import { type HealthChecks, healthChecks } from '../health/health-checks.ts'
import { httpServerHooks } from '../http-server.ts'
import {
  checkOptions,
  DEFAULTS,
  type HookTaker,
  type HttpServerOptions,
  refuseNoShutdown,
} from '../options.ts'
import type { AnyHttpServer, AnyRequest, AnyResponse } from '../server.ts'

/** The options of `expressShutdown()`: those of `httpServer()`, with `health` by default. */
export interface ExpressShutdownOptions extends HttpServerOptions {
  /** The handler of the probes. Default: `healthChecks()`, at `/livez` and `/readyz`. */
  readonly health?: HealthChecks | undefined
}

/** A middleware as Express, Connect and frameworks like them take it. */
export type Middleware = (
  request: AnyRequest,
  response: AnyResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Returns a middleware for Express, Connect and frameworks like them. It answers the probes. At a
 * server's first request it adds the hooks of `httpServer()` for that server. Defaults and clocks are
 * those of `httpServer()`. Use it before all other middleware.
 *
 * A server that never had a request is not drained. Where you have the server that `app.listen()`
 * returns, prefer `httpServer(server)`: it counts connections from the start.
 *
 * @example
 * const shutdown = createShutdown()
 * app.use(expressShutdown(shutdown, { timeout: '20s' }))
 * app.listen(3000)
 * shutdown.listen()
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for an option that breaks its rule or does not
 * exist. Errors of `shutdown.add()`, such as an unknown phase or a taken name, are thrown in each
 * request
 */
export function expressShutdown(
  shutdown: HookTaker,
  options: ExpressShutdownOptions = {},
): Middleware {
  inCall('expressShutdown()', () => {
    refuseNoShutdown(shutdown, 'expressShutdown(shutdown)')
    checkOptions(options)
  })
  const { health = healthChecks(), name = DEFAULTS.name, ...others } = options
  /** Why a server's hooks were refused; `undefined` if they were added. */
  const refusals = new WeakMap<object, unknown>()
  /** A server stays here when it closes: it may listen again. */
  const addedHere = new WeakSet<object>()
  let count = 0

  const add = (server: AnyHttpServer, request: AnyRequest, response: AnyResponse): unknown => {
    // The application, or middleware in another part of it, has already added it.
    if (Clients.known(server) && !addedHere.has(server)) return undefined
    addedHere.add(server)
    const own = count === 0 ? name : `${name}:${count + 1}`
    const hooks = httpServerHooks(server, { ...others, name: own, health }, new AdapterClock())
    count++
    // Requests are counted from now on; this one came before.
    Clients.known(server)?.connections.count(request, response)
    try {
      const undo = shutdown.add(hooks)
      // A server that is closed without a shutdown removes its hooks: tests open one for each request.
      server.once('close', () => {
        // If the shutdown itself has closed it, the hook that drains it is still to run.
        if (!Clients.known(server)?.unbinding) undo()
        refusals.delete(server)
      })
      return undefined
    } catch (error) {
      // After the shutdown there is nothing left to drain, and the request is served.
      return (error as LastcallError).code === 'LASTCALL_ENDED' ? undefined : error
    }
  }
  return (request, response, next) => {
    const { server } = request.socket as { server?: AnyHttpServer }
    if (server && !refusals.has(server)) refusals.set(server, add(server, request, response))
    const refusal = server && refusals.get(server)
    if (refusal) throw refusal
    health(request, response, next)
  }
}
