import { type Duration, parseDuration } from '../base/duration.ts'
import { invalidOption, optionNames, refuseUnknownOptions } from '../base/errors.ts'
import { type Hook, type HookPhase, placeHook } from '../engine/hook.ts'
import type { HealthChecks } from './health/health-checks.ts'

/** The options of `httpServer()`. A `Duration` is milliseconds, or a string such as `'10s'`. */
export interface HttpServerOptions {
  /**
   * The name of the hook that drains, in logs and in the report; the other hooks are called after it:
   * `http:announce`, `http:unbind`. A second server needs its own. Default `http`.
   */
  readonly name?: string | undefined
  /**
   * The phase in which the server is drained. Default `drain`; then the server stops listening before,
   * in `unbind`. In any other phase one hook does both.
   */
  readonly phase?: HookPhase | undefined
  /** The handler of the probes. Its readiness turns 503 in the `announce` phase. Default: none. */
  readonly health?: HealthChecks | undefined
  /**
   * How long the server still accepts connections after the 503. A duration: exactly that long; 0:
   * not at all. An object: until its conditions are met. The clock starts with the hook `http:unbind`.
   * Default: until every prober has got three 503s; at least 5 s on Kubernetes; otherwise not at all.
   */
  readonly lameDuck?: Duration | LameDuckOptions | undefined
  /**
   * How long a connection must be silent before it is closed; its client must also have been silent on
   * its other connections. The clock starts with the last request or answer, also before the signal.
   * Default 250 ms.
   */
  readonly linger?: Duration | undefined
  /**
   * How long the drain goes on when nothing of the application is in flight any more and clients keep
   * their connections open all the same: half a request, a response that its client does not read, a silent
   * upgraded connection. Then they are ended, with a warning. They change no exit code. The clock
   * starts with the last request, answer or byte that a client took. At least six lingers. Default 2 s.
   */
  readonly stragglers?: Duration | undefined
  /**
   * How long the drain waits for the handler of a request whose client has gone: it may be in the
   * middle of a write. It is waited for until it ends the response. The clock starts when the client
   * leaves, also before the signal. 0: not at all. Default 5 s.
   */
  readonly goneClients?: Duration | undefined
  /**
   * A request that comes when less than this is left before the limit gets 503 with `Retry-After`,
   * instead of an answer that would be cut off. Default: a tenth of the time of the hook `http`, at most
   * 1 s.
   */
  readonly refuseWithin?: Duration | undefined
  /**
   * The longest that the hooks `http:unbind` and `http` may take together: what the one has taken, the
   * other has no more. The clock starts with `http:unbind`. Default: what the deadline leaves.
   */
  readonly timeout?: Duration | undefined
  /** Time that no earlier hook may use, kept for the hook `http`. Default: 10 % of the budget, in `drain`. */
  readonly reserve?: Duration | undefined
}

/** When the server stops accepting connections after its readiness has turned 503. */
export interface LameDuckOptions {
  /**
   * It lasts at least this long. The clock starts with the hook `http:unbind`. Default: 5 s on
   * Kubernetes, which removes the endpoint while the process gets its signal; 0 elsewhere.
   */
  readonly atLeast?: Duration | undefined
  /**
   * It lasts at most this long. The clock starts with the hook `http:unbind`. Default: half of that
   * hook's time, at most 10 s. Never more than three quarters of it.
   */
  readonly atMost?: Duration | undefined
  /** How many answers of 503 a readiness prober needs before it believes them. Default 3. */
  readonly probes?: number | undefined
  /**
   * With probers, it also lasts until no new connection has sent a request for this long. The clock
   * starts with the last such request, also before the signal. Default 100 ms.
   */
  readonly quiet?: Duration | undefined
}

/** The defaults of `httpServer()`. Times are in milliseconds. */
export const DEFAULTS = {
  name: 'http',
  phase: 'drain',
  linger: 250,
  stragglers: 2000,
  goneClients: 5000,
  /** `atMost`: half of the hook's time, up to this. */
  lameDuck: { probes: 3, quiet: 100, atMost: 10_000 },
} as const

const OPTIONS = optionNames<HttpServerOptions>({
  name: true,
  phase: true,
  health: true,
  lameDuck: true,
  linger: true,
  stragglers: true,
  goneClients: true,
  refuseWithin: true,
  timeout: true,
  reserve: true,
})

const LAME_DUCK_OPTIONS = optionNames<LameDuckOptions>({
  atLeast: true,
  atMost: true,
  probes: true,
  quiet: true,
})

/** Checks the options, and reads their durations. */
export function checkOptions(options: HttpServerOptions) {
  refuseUnknownOptions(options, OPTIONS, "{ name: 'http' }")
  const { name = DEFAULTS.name, phase = DEFAULTS.phase, health, timeout, reserve } = options
  const { linger = DEFAULTS.linger } = options
  const checked = {
    place: { name, phase, reserve },
    timeout:
      timeout === undefined ? undefined : parseDuration(timeout, `timeout of hook '${name}'`),
    health,
    lameDuck: checkLameDuck(options.lameDuck),
    linger: parseDuration(linger, 'linger', 0),
    stragglers: parseDuration(options.stragglers ?? DEFAULTS.stragglers, 'stragglers', 0),
    goneClients: parseDuration(options.goneClients ?? DEFAULTS.goneClients, 'goneClients', 0),
    refuseWithin: optionalDuration(options.refuseWithin, 'refuseWithin'),
  }
  if (health !== undefined && typeof health?.announce !== 'function') {
    const fix = 'Write health: healthChecks().'
    throw invalidOption('health', 'what healthChecks() returns', health, fix)
  }
  placeHook({ ...checked.place, timeout: checked.timeout }, () => {})
  return checked
}

export type LameDuckSettings = ReturnType<typeof checkLameDuck>

/** Returns milliseconds; `undefined` means the default. A plain duration sets both bounds. */
export function checkLameDuck(option: Duration | LameDuckOptions = {}) {
  if (typeof option !== 'object' || option === null) {
    const exactly = parseDuration(option, 'lameDuck', 0)
    return { atLeast: exactly, atMost: exactly, probes: 0, quiet: 0 }
  }
  refuseUnknownOptions(option, LAME_DUCK_OPTIONS, "{ atLeast: '5s' }", 'lameDuck')
  const { probes = DEFAULTS.lameDuck.probes, quiet = DEFAULTS.lameDuck.quiet } = option
  if (!Number.isInteger(probes) || probes < 0) {
    throw invalidOption('lameDuck.probes', 'an integer of 0 or more', probes)
  }
  const atLeast = optionalDuration(option.atLeast, 'lameDuck.atLeast')
  const atMost = optionalDuration(option.atMost, 'lameDuck.atMost')
  if ((atLeast ?? 0) > (atMost ?? Number.POSITIVE_INFINITY)) {
    const rule = `at most lameDuck.atMost (${atMost} ms)`
    throw invalidOption('lameDuck.atLeast', rule, option.atLeast)
  }
  return { atLeast, atMost, probes, quiet: parseDuration(quiet, 'lameDuck.quiet', 0) }
}

function optionalDuration(value: unknown, option: string): number | undefined {
  return value === undefined ? undefined : parseDuration(value, option, 0)
}

/** The part of a shutdown that an adapter needs to add its hooks. */
export interface HookTaker {
  add(hooks: readonly Hook[]): () => boolean
}

export function refuseNoShutdown(shutdown: HookTaker, example: string): void {
  if (typeof shutdown?.add === 'function') return
  const fix = `Write ${example}.`
  throw invalidOption('shutdown', 'what createShutdown() returns', shutdown, fix)
}
