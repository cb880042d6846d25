import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { invalidOption } from '../errors.ts'

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
  (request: IncomingMessage, response: ServerResponse, next?: () => void): boolean
  /** A Fastify plugin: `app.register(health.fastify)`. */
  readonly fastify: FastifyPlugin
  /** Turns readiness to 503. The hook of `httpServer()` calls it in the `announce` phase. */
  announce(): void
  /** For `httpServer()`: who probes, and how often each has been told 503. */
  readonly probers: Probers
  /** For `httpServer()`: whether a request is a probe. */
  isProbe(url: string | undefined): boolean
}

/** As much of Fastify as the plugin needs. */
export type FastifyPlugin = (
  app: {
    get(
      path: string,
      handler: (request: Raw<IncomingMessage>, reply: FastifyReply) => void,
    ): unknown
  },
  options: unknown,
  done: () => void,
) => void
type Raw<T> = { raw: T }
type FastifyReply = Raw<ServerResponse> & { hijack(): unknown }

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
  let stopping = false

  const answerReadiness = async (request: IncomingMessage, response: ServerResponse) => {
    const prober = request.socket.remoteAddress
    probers.heard(prober)
    const ready = !stopping && (await passes(check))
    // The announcement may have come while the check ran.
    if (stopping) probers.told(prober)
    if (stopping) answer(response, 503, 'stopping')
    else answer(response, ready ? 200 : 503, ready ? 'ready' : 'not ready')
  }

  const health = (
    request: IncomingMessage,
    response: ServerResponse,
    next?: () => void,
  ): boolean => {
    const asked = pathOf(request)
    const isProbe = (asked === livez || asked === readyz) && isRead(request.method)
    if (!isProbe) next?.()
    else if (asked === livez) answer(response, 200, 'alive')
    else void answerReadiness(request, response)
    return isProbe
  }
  const fastify: FastifyPlugin = (app, _options, done) => {
    for (const route of [livez, readyz]) {
      app.get(route, (request, reply) => {
        reply.hijack()
        health(request.raw, reply.raw)
      })
    }
    done()
  }
  return Object.assign(health, {
    fastify,
    probers,
    announce: () => {
      stopping = true
    },
    isProbe: (url: string | undefined) => {
      const asked = url?.split('?')[0]
      return asked === livez || asked === readyz
    },
  })
}

/** Those who ask for readiness, by their address. */
export class Probers {
  /** Called whenever somebody has been told 503. */
  onTold: (() => void) | undefined
  readonly #known = new Map<string, { at: number; every: number; told: number }>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  heard(address = ''): void {
    const at = this.#clock.now()
    const known = this.#known.get(address)
    // Few probers, many addresses: somebody scans the port, or a proxy hands out addresses.
    if (!known && this.#known.size >= 64) this.#known.clear()
    this.#known.set(address, { at, every: known ? at - known.at : 0, told: known?.told ?? 0 })
  }

  told(address = ''): void {
    const known = this.#known.get(address)
    if (known) known.told++
    this.onTold?.()
  }

  /**
   * How many have still to be told: of those who ask often enough to be told so many times within
   * this time, and have not gone away.
   */
  waiting(times: number, within: number): number {
    const now = this.#clock.now()
    return [...this.#known.values()].filter(({ at, every, told }) => {
      const isGone = now - at > Math.max(2 * every, within)
      return told < times && !isGone && every * times <= within
    }).length
  }

  get count(): number {
    return this.#known.size
  }
}

async function passes(check: HealthOptions['ready']): Promise<boolean> {
  try {
    return check === undefined || (await check())
  } catch {
    return false
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  const body = `${JSON.stringify({ status: text })}\n`
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  })
  response.end(response.req?.method === 'HEAD' ? undefined : body)
}

/** Express cuts the path that a middleware is mounted at from `url`. */
function pathOf(request: IncomingMessage & { originalUrl?: string }): string | undefined {
  return (request.originalUrl ?? request.url)?.split('?')[0]
}

function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
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
