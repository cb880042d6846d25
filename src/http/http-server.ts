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
 * `node:http`, `node:https` and `node:http2`, such as those of Express and Fastify.
 *
 * At shutdown, readiness turns 503 if `health` is given. The server accepts connections until the
 * probers have seen the 503 (the lame duck), then stops listening. Requests in flight are answered,
 * and each connection is closed: with `Connection: close` on its last answer, after a silence, or by
 * HTTP/2's GOAWAY. What is left at the limit is cut off and named in the report.
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
    // Created before the lame duck: if the limit comes during it, the drain ends the connections.
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
