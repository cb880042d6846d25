import { type Duration, formatDuration, parseDuration } from '../base/duration.ts'
import { invalidOption, refuseUnknownOptions } from '../base/errors.ts'
import { type Hook, type HookContext, placeHook } from '../engine/hook.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { Clients } from './clients.ts'
import { Drain } from './drain.ts'
import type { HealthChecks } from './health.ts'
import { type LameDuckOptions, lameDuck, lameDuckSettings } from './lame-duck.ts'
import { allowListening } from './node/stop-listening.ts'
import { type AnyHttpServer, refuseNonServer } from './server.ts'

/** What `httpServer()` takes; everything has a default. */
export interface HttpServerOptions {
  /** The hook's name, for reports. Default `http`; a second server needs one of its own. */
  readonly name?: string
  /** The phase in which it drains. Default `drain`. */
  readonly phase?: string
  /** What answers the probes. Its readiness turns 503 in the `announce` phase. */
  readonly health?: HealthChecks
  /**
   * How long it goes on accepting after that: a duration for just so long, or the conditions.
   * Default: as long as those need who have to find out; not at all where nobody has.
   */
  readonly lameDuck?: Duration | LameDuckOptions
  /**
   * How long a connection has to be silent before it is closed, and its client with all others that it
   * has: counted from the last request or answer, also from before the signal. Default 250 ms.
   */
  readonly linger?: Duration
  /**
   * A request that comes when less than this is left of the drain's time gets 503 with `Retry-After`
   * in place of an answer that would be cut off. Default: a tenth of that time, 1 s at most.
   */
  readonly refuseWithin?: Duration
  /** The longest that the drain may take, lame duck included. Default: what the budget leaves it. */
  readonly timeout?: Duration
  /** The part of the budget that nothing earlier may eat. Default: its phase's. */
  readonly reserve?: Duration
}

/**
 * The hooks that end an HTTP server, of HTTP/1 or HTTP/2, with TLS or without (Express's and
 * Fastify's are such), so that no request is lost: readiness turns 503; the server goes on accepting
 * for those who must first find out; it stops listening; each connection is told with its last
 * answer, or closed once it has been silent, and each HTTP/2 session is told by GOAWAY and closed
 * when its streams are answered; at the limit the rest is ended.
 *
 * Hand the server in before it listens, or in the same tick: its connections are counted from here
 * on.
 *
 * @example
 * const server = app.listen(3000)
 * shutdown.add(httpServer(server))
 *
 * @throws LastcallError `LASTCALL_NOT_A_SERVER` or `LASTCALL_INVALID_OPTION`
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
  const { place, health, settings, linger, refuseWithin } = checkOptions(options)

  // Nothing is listened to before everything has been checked.
  allowListening(server)
  const clients = Clients.of(server, clock, health?.isProbe)
  const run = async (context: HookContext) => {
    const began = clock.now()
    // Made before the lame duck: the limit may come in it, and has to find somebody who ends things.
    const drain = new Drain({ server, clients, clock, linger, refuseWithin }, context)
    clients.enterLameDuck()
    const why = await lameDuck(settings, { arrivals: clients.arrivals, health, clock }, context)
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

/** Checks the options, and reads their durations. */
export function checkOptions(options: HttpServerOptions) {
  refuseUnknownOptions(options, OPTIONS, "{ name: 'http' }")
  const { name = 'http', phase = 'drain', health, timeout, reserve } = options
  const { linger = 250, refuseWithin } = options
  const checked = {
    place: { name, phase, timeout, reserve },
    health,
    settings: lameDuckSettings(options.lameDuck),
    linger: parseDuration(linger, 'linger', 0),
    refuseWithin:
      refuseWithin === undefined ? undefined : parseDuration(refuseWithin, 'refuseWithin', 0),
  }
  if (health !== undefined && typeof health?.announce !== 'function') {
    throw invalidOption('health', 'what healthChecks() returns', health)
  }
  placeHook(checked.place, () => {})
  return checked
}

const OPTIONS = [
  'name',
  'phase',
  'health',
  'lameDuck',
  'linger',
  'refuseWithin',
  'timeout',
  'reserve',
]
