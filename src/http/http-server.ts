import { inCall } from '../base/errors.ts'
import { type Hook, type HookContext, placeHook } from '../engine/hook.ts'
import { AdapterClock, followTestTime } from '../runtime/adapter-clock.ts'
import type { Clock } from '../runtime/clock.ts'
import { Clients } from './clients.ts'
import { Drain } from './drain.ts'
import { probesOf } from './health/health-checks.ts'
import { checkOptions, DEFAULTS, type HttpServerOptions } from './options.ts'
import { holdOthersClose } from './others-close.ts'
import { type AnyHttpServer, refuseNonServer } from './server.ts'
import { allowListening } from './stop-listening.ts'
import { unbind } from './unbind.ts'

/**
 * Returns the hooks that shut down an HTTP server and lose no request. It takes servers of
 * `node:http`, `node:https` and `node:http2`, such as those of Express and Fastify.
 *
 * At shutdown, `http:announce` turns readiness to 503 if `health` is given. `http:unbind` accepts
 * connections until the probers have seen the 503 (the lame duck), then stops listening. In the phase
 * `drain`, `http` has the requests in flight answered, and closes each connection: with `Connection:
 * close` on its last answer, after a silence, or by HTTP/2's GOAWAY. What is left at the limit is cut
 * off and named in the report.
 *
 * Call it before the server listens, or in the same tick: a connection opened earlier is unknown
 * until its next request or the drain.
 *
 * @example
 * const server = app.listen(3000)
 * shutdown.add(httpServer(server, { linger: '500ms', timeout: '20s' }))
 *
 * @throws LastcallError `LASTCALL_NOT_A_SERVER` for anything but such a server,
 * `LASTCALL_INVALID_OPTION` for an option that breaks its rule or does not exist
 */
export function httpServer(server: AnyHttpServer, options: HttpServerOptions = {}): Hook[] {
  return inCall('httpServer()', () => httpServerHooks(server, options, new AdapterClock()))
}

export function httpServerHooks(
  server: AnyHttpServer,
  options: HttpServerOptions,
  clockIfNew: Clock,
): Hook[] {
  refuseNonServer(server)
  const { place, health, lameDuck, timeout, goneClients, ...times } = checkOptions(options)

  // After the checks: a refused call must leave the server as it was.
  allowListening(server)
  holdOthersClose(server)
  const probes = probesOf(health)
  const clients = Clients.of(server, clockIfNew, probes?.isProbe)
  const { clock } = clients.state
  clients.state.gone.bound = goneClients
  const drainWith = (context: HookContext) => {
    followTestTime(clock, context)
    return new Drain({ server, clients, clock, ...times }, context)
  }
  /** How long the unbinding took, or has taken so far. */
  let unbindTime = () => 0
  const unbindOnce = async (context: HookContext) => {
    followTestTime(clock, context)
    const began = clock.now()
    unbindTime = () => clock.now() - began
    const { probers } = probes ?? {}
    clients.unbinding ??= unbind({ server, clients, clock, lameDuck, probers }, context)
    await clients.unbinding
    const took = unbindTime()
    unbindTime = () => took
  }

  const announce = {
    name: `${place.name}:announce`,
    phase: 'announce',
    run: () => health?.announce(),
  }
  if (place.phase !== DEFAULTS.phase) {
    const run = async (context: HookContext) => {
      // Created before the lame duck: if the limit comes during it, the drain ends the connections.
      const drain = drainWith(context)
      await unbindOnce(context)
      await drain.join()
    }
    return [announce, placeHook({ ...place, timeout: options.timeout }, run)]
  }
  const unbindPlace = { name: `${place.name}:unbind`, phase: 'unbind', timeout: options.timeout }
  const left = timeout === undefined ? undefined : () => Math.max(1, timeout - unbindTime())
  return [
    announce,
    placeHook(unbindPlace, unbindOnce),
    placeHook({ ...place, timeout: left }, (context) => drainWith(context).join()),
  ]
}
