import { formatDuration } from '../base/duration.ts'
import { type Hook, type HookContext, placeHook } from '../engine/hook.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { Clients } from './clients.ts'
import { Drain } from './drain.ts'
import { lameDuck } from './lame-duck.ts'
import { checkOptions, type HttpServerOptions } from './options.ts'
import { type AnyHttpServer, refuseNonServer } from './server.ts'
import { allowListening } from './stop-listening.ts'

/**
 * Returns the hooks that shut down an HTTP server and lose no request. It takes servers of
 * `node:http`, `node:https` and `node:http2`, which those of Express and Fastify are.
 *
 * At the shutdown readiness turns 503, if there is `health`. The server goes on accepting until the
 * probers have seen it (the lame duck), and then stops listening. Requests in flight are answered, and
 * each connection is closed: with `Connection: close` on its last answer, once it has been silent, or
 * by HTTP/2's GOAWAY. What is left at the limit is cut off, and named in the report.
 *
 * Call it before the server listens, or in the same tick: a connection that was opened earlier is
 * known only from its next request on, or from the drain on.
 *
 * @example
 * const server = app.listen(3000)
 * shutdown.add(httpServer(server, { linger: '500ms', timeout: '20s' }))
 *
 * @throws LastcallError `LASTCALL_NOT_A_SERVER` for anything but such a server,
 * `LASTCALL_INVALID_OPTION` for an option that breaks its rule or does not exist
 */
export function httpServer(server: AnyHttpServer, options: HttpServerOptions = {}): Hook[] {
  return httpServerHooks(server, options, systemClock)
}

export function httpServerHooks(
  server: AnyHttpServer,
  options: HttpServerOptions,
  clock: Clock,
): Hook[] {
  refuseNonServer(server)
  const { place, health, lameDuck: settings, linger, refuseWithin } = checkOptions(options)

  // After the checks: a refused call must leave the server as it was.
  allowListening(server)
  const clients = Clients.of(server, clock, health?.isProbe)
  const run = async (context: HookContext) => {
    const began = clock.now()
    // Before the lame duck, because the limit may come in it: the drain is what ends the connections.
    const drain = new Drain({ server, clients, clock, linger, refuseWithin }, context)
    clients.enterLameDuck()
    const why = await lameDuck(settings, clients.state, health, context)
    if (why) context.note(`lame duck of ${formatDuration(clock.now() - began)}: ${why}`)
    if (context.signal.aborted) {
      clients.endLameDuck()
      return
    }
    clients.draining ??= drain.run()
    await clients.draining
  }
  const drain = placeHook(place, run)
  if (!health) return [drain]
  return [{ name: `${place.name}:announce`, phase: 'announce', run: health.announce }, drain]
}
