import type { Server } from 'node:http'
import { type Clock, systemClock } from '../clock.ts'
import { type Duration, formatDuration, parseDuration } from '../duration.ts'
import { invalidOption, LastcallError, refuseUnknownOptions, show } from '../errors.ts'
import { checkHook, type Hook, type HookContext } from '../hook.ts'
import { Connections } from './connections.ts'
import { Drain } from './drain.ts'
import type { HealthChecks } from './health.ts'
import { type LameDuckOptions, lameDuck, lameDuckSettings } from './lame-duck.ts'
import { allowListening } from './stop-listening.ts'

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
   * How long a connection has to be silent before it is closed, counted from its own last request
   * or answer, also from before the signal. Default 250 ms.
   */
  readonly linger?: Duration
  /** The longest that the drain may take, lame duck included. Default: what the budget leaves it. */
  readonly timeout?: Duration
  /** The part of the budget that nothing earlier may eat. Default: its phase's. */
  readonly reserve?: Duration
}

/**
 * The hooks that end an HTTP server, with TLS or without (Express's and Fastify's are such), so that
 * no request is lost: readiness turns 503; the server goes on accepting for those who must first
 * find out; it stops listening; each connection is told with its last answer, or closed once it has
 * been silent; at the limit the rest is ended.
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
export function httpServer(server: Server, options: HttpServerOptions = {}): Hook[] {
  return httpServerHooks(server, options, systemClock)
}

export function httpServerHooks(server: Server, options: HttpServerOptions, clock: Clock): Hook[] {
  refuseOthers(server)
  refuseUnknownOptions(options, OPTIONS, "{ name: 'http' }")
  const { name = 'http', phase = 'drain', health, timeout, reserve } = options
  const settings = lameDuckSettings(options.lameDuck)
  const linger = options.linger === undefined ? 250 : parseDuration(options.linger, 'linger', 0)
  if (health !== undefined && typeof health?.announce !== 'function') {
    throw invalidOption('health', 'what healthChecks() returns', health)
  }

  const run = async (context: HookContext) => {
    const began = clock.now()
    // Made before the lame duck: the limit may come in it, and has to find somebody who ends things.
    const drain = new Drain({ server, connections, clock, linger }, context)
    const why = await lameDuck(settings, { connections, health, clock }, context)
    if (why) context.note(`lame duck of ${formatDuration(clock.now() - began)}: ${why}`)
    if (context.signal.aborted) return
    connections.draining ??= drain.run()
    await connections.draining
  }
  const drainHook: Hook = {
    name,
    phase,
    run,
    ...(timeout === undefined ? {} : { timeout }),
    ...(reserve === undefined ? {} : { reserve }),
  }
  checkHook(drainHook)

  // Nothing is listened to before everything has been checked.
  allowListening(server)
  const connections = Connections.of(server, clock, health?.isProbe ?? (() => false))
  if (!health) return [drainHook]
  return [{ name: `${name}:announce`, phase: 'announce', run: health.announce }, drainHook]
}

const OPTIONS = ['name', 'phase', 'health', 'lameDuck', 'linger', 'timeout', 'reserve']

function refuseOthers(server: unknown): void {
  const fix = whatIsWrong(server)
  if (fix === undefined) return
  throw new LastcallError(
    'LASTCALL_NOT_A_SERVER',
    `Expected \`server\` to be a server of node:http or node:https, got ${show(server)}. ${fix}`,
  )
}

const WHAT_TO_PASS =
  'Pass what createServer() of node:http or node:https, or app.listen(), returns.'

function whatIsWrong(server: unknown): string | undefined {
  const given = server as Partial<Server> & { server?: unknown; updateSettings?: unknown }
  if (given === null || (typeof given !== 'object' && typeof given !== 'function')) {
    return WHAT_TO_PASS
  }
  if (typeof given === 'function')
    return 'This looks like an Express application: pass what app.listen() returns.'
  if (typeof given.updateSettings === 'function')
    return 'HTTP/2 servers are not drained by this version.'
  if (isHttpServer(given)) return undefined
  if (isHttpServer(given.server)) return 'Pass its `server`, as in httpServer(app.server).'
  return WHAT_TO_PASS
}

function isHttpServer(value: unknown): boolean {
  const server = value as Partial<Server> | undefined
  return (
    typeof server?.on === 'function' &&
    typeof server.close === 'function' &&
    typeof server.closeIdleConnections === 'function'
  )
}
