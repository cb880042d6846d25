import { invalidOption, refuseUnknownOptions } from '../base/errors.ts'
import type { Clock } from '../runtime/clock.ts'
import { systemClock } from '../runtime/clock.ts'
import type { AnyRequest, AnyResponse } from './server.ts'

/** Where the probes knock, and what readiness depends on besides. */
export interface HealthOptions {
  /** Answers 200 for as long as the process lives, while it drains too. Default `/livez`. */
  readonly livez?: string
  /** Answers 200 until the shutdown is announced, and 503 from then on. Default `/readyz`. */
  readonly readyz?: string
  /** A check of the application's own: readiness is 503 while it is false, throws or rejects. */
  readonly ready?: () => boolean | Promise<boolean>
}

/**
 * Answers liveness and readiness probes. It is a function that fits `node:http` and Express, and
 * has a plugin for Fastify.
 */
export interface HealthChecks {
  /**
   * Answers the request if it is a probe. Otherwise calls `next`, where there is one, and returns
   * false.
   */
  (request: AnyRequest, response: AnyResponse, next?: () => void): boolean
  /** A Fastify plugin: `app.register(health.fastify)`. */
  readonly fastify: FastifyPlugin
  /** Turns readiness to 503. The hook of `httpServer()` calls it in the `announce` phase. */
  announce(): void
  /** For `httpServer()`: who probes, and how often each has been told 503. */
  readonly probers: Pick<Probers, 'onTold' | 'tooSeldom' | 'waiting'>
  /** For `httpServer()`: whether a request was a probe; known once its handler has begun. */
  isProbe(request: object): boolean
}

/** As much of Fastify as the plugin needs. */
export type FastifyPlugin = (
  app: {
    get(path: string, handler: (request: Raw<AnyRequest>, reply: FastifyReply) => void): unknown
  },
  options: unknown,
  done: () => void,
) => void
type Raw<T> = { raw: T }
type FastifyReply = Raw<AnyResponse> & { hijack(): unknown }

/**
 * Creates the handler for probes. Hand it to `httpServer()` as well, which turns readiness to 503
 * and stays until the probers have been told.
 *
 * @example
 * const health = healthChecks()
 * app.use(health)                                   // Express
 * app.register(health.fastify)                      // Fastify
 * createServer((req, res) => health(req, res) || handle(req, res))   // node:http
 * shutdown.add(httpServer(server, { health }))
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`
 */
export function healthChecks(options: HealthOptions = {}): HealthChecks {
  return createHealthChecks(options, systemClock)
}

export function createHealthChecks(options: HealthOptions, clock: Clock): HealthChecks {
  refuseUnknownOptions(options, OPTIONS, "{ readyz: '/readyz' }")
  const livez = path(options.livez ?? '/livez', 'livez')
  const readyz = path(options.readyz ?? '/readyz', 'readyz')
  const check = options.ready
  if (check !== undefined && typeof check !== 'function') {
    throw invalidOption('ready', 'a function that returns a boolean, or a promise of one', check)
  }
  if (livez === readyz) {
    throw invalidOption(
      'readyz',
      'another path than livez: one of them turns 503, the other must not',
      readyz,
    )
  }
  const probers = new Probers(clock)
  const probes = new WeakSet<object>()
  let stopping = false

  const alive = (_request: AnyRequest, response: AnyResponse) => {
    answer(response, 200, 'alive')
  }
  /** Those who wait for the check; they need not wait for it once the shutdown is announced. */
  const waiting = new Set<Waiting>()
  const readiness = (request: AnyRequest, response: AnyResponse) => {
    const prober = request.socket.remoteAddress
    probers.heard(prober)
    const reply = (isReady: boolean) => {
      if (stopping) probers.told(prober)
      if (stopping) answer(response, 503, 'stopping')
      else answer(response, isReady ? 200 : 503, isReady ? 'ready' : 'not ready')
    }
    if (stopping || check === undefined) return reply(true)
    const one: Waiting = {
      reply(isReady) {
        forget()
        reply(isReady)
      },
    }
    const forget = () => {
      waiting.delete(one)
      one.reply = undefined
    }
    waiting.add(one)
    // A unit test may hand in something with no more than writeHead() and end().
    response.once?.('close', forget)
    void answerBy(check, one)
  }
  const routes = new Map([
    [livez, alive],
    [readyz, readiness],
  ])
  const serve = (path: string, request: AnyRequest, response: AnyResponse): void => {
    // HTTP/2 knows the request by its stream.
    probes.add('stream' in request ? (request as { stream: object }).stream : request)
    routes.get(path)?.(request, response)
  }

  const health = (request: AnyRequest, response: AnyResponse, next?: () => void): boolean => {
    const asked = request.url?.split('?')[0] ?? ''
    const isProbe = routes.has(asked) && (request.method === 'GET' || request.method === 'HEAD')
    if (isProbe) serve(asked, request, response)
    else next?.()
    return isProbe
  }
  const fastify: FastifyPlugin = (app, _options, done) => {
    for (const path of routes.keys()) {
      app.get(path, (request, reply) => {
        reply.hijack()
        serve(path, request.raw, reply.raw)
      })
    }
    done()
  }
  const announce = () => {
    stopping = true
    for (const { reply } of waiting) reply?.(false)
  }
  const isProbe = (request: object) => probes.has(request)
  return Object.assign(health, { fastify, probers, announce, isProbe })
}

/** When it last asked, how long after the time before, and how often it has been told 503. */
interface Prober {
  at: number
  every: number
  told: number
}

/** Whoever asks more seldom than every 10 s, and what its timers are late, watches from afar, and balances no load. */
const LONGEST_INTERVAL = 10_500

/** A probe that the check has still to answer for, unless its prober has gone. */
interface Waiting {
  reply: ((isReady: boolean) => void) | undefined
}

/** Those who ask for readiness again and again, by their address. */
export class Probers {
  readonly #listeners = new Set<() => void>()
  readonly #known = new Map<string, Prober>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  heard(address = ''): void {
    const at = this.#clock.now()
    const known = this.#known.get(address)
    // Few probers, many addresses: somebody scans the port, or a proxy hands out addresses.
    if (!known && this.#known.size >= 64) this.#known.clear()
    // Once is no probing: somebody may have looked by hand.
    const every = known ? at - known.at : Number.POSITIVE_INFINITY
    this.#known.set(address, { at, every, told: known?.told ?? 0 })
  }

  told(address = ''): void {
    const known = this.#known.get(address)
    if (known) known.told++
    for (const listener of this.#listeners) listener()
  }

  /** Calls back whenever somebody has been told 503; returns a way to take it back. */
  onTold(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Until when to wait for each of those who have still to be told: of those who ask often enough to
   * be told so many times within this time. Whoever misses three of his turns has gone away.
   */
  waiting(times: number, within: number): number[] {
    return this.#there()
      .filter(({ every, told }) => told < times && every * times <= within)
      .map(goneAt)
  }

  /** The interval of the slowest that asks too seldom for that, if there is one: who sends requests asks often. */
  tooSeldom(times: number, within: number): number | undefined {
    const intervals = this.#there().map(({ every }) => every)
    const slow = intervals.filter((every) => every * times > within && every <= LONGEST_INTERVAL)
    return slow.length > 0 ? Math.max(...slow) : undefined
  }

  #there(): Prober[] {
    const now = this.#clock.now()
    return [...this.#known.values()].filter((prober) => now < goneAt(prober))
  }
}

const goneAt = ({ at, every }: Prober): number => at + Math.max(3 * every, 1000)

/**
 * A check may hang for hours, and its promise hold this for as long: probers that have given up, one a
 * second, must not pile up behind it. So nothing of theirs is seen from here.
 */
async function answerBy(check: () => boolean | Promise<boolean>, one: Waiting): Promise<void> {
  const isReady = await passes(check)
  one.reply?.(isReady)
}

async function passes(check: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await check()
  } catch {
    return false
  }
}

const OPTIONS = ['livez', 'readyz', 'ready']

function answer(response: AnyResponse, status: number, text: string): void {
  // While a check ran, somebody else may have answered: a timeout of the framework's, for example.
  if (response.headersSent) return
  const body = `${JSON.stringify({ status: text })}\n`
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  })
  if (response.req?.method === 'HEAD') response.end()
  else response.end(body)
}

function path(value: unknown, option: string): string {
  if (typeof value === 'string' && /^\/[^\s?#]*$/.test(value)) return value
  throw invalidOption(
    option,
    `a path that begins with a slash, without a query, such as '/${option}'`,
    value,
    typeof value === 'string' && /^[^/\s?#]+$/.test(value) ? `Write '/${value}'.` : undefined,
  )
}
