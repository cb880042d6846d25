import { inCall, invalidOption, optionNames, refuseUnknownOptions } from '../../base/errors.ts'
import { type Logger, type LogOptions, openLog } from '../../observe/log.ts'
import { type Clock, systemClock } from '../../runtime/clock.ts'
import { systemProcess } from '../../runtime/process.ts'
import { sharedState } from '../../runtime/shared-state.ts'
import type { AnyRequest, AnyResponse } from '../server.ts'
import { Probers } from './probers.ts'
import { answerProbe, Readiness } from './readiness.ts'
import { ReadyCheck } from './ready-check.ts'

/** The options of `healthChecks()`. */
export interface HealthOptions {
  /** The path of liveness: 200 for as long as the process lives, also while it drains. Default `/livez`. */
  readonly livez?: string | undefined
  /** The path of readiness: 200 until the shutdown begins, and 503 from then on. Default `/readyz`. */
  readonly readyz?: string | undefined
  /**
   * The application's own check, called for each readiness probe. Readiness is 503 while it returns
   * false, throws or rejects. It has no time limit: the probe waits for it. Default: always ready.
   */
  readonly ready?: (() => boolean | Promise<boolean>) | undefined
  /**
   * Where it is logged that `ready` throws or rejects: with the error, once, until `ready` works again.
   * Like the option `log` of `createShutdown()`. Default: on stderr.
   */
  readonly log?: false | 'text' | 'json' | LogOptions | Logger | undefined
}

/** Answers probes: a handler for `node:http`, a middleware for Express, and a Fastify plugin. */
export interface HealthChecks {
  /** Answers the request and returns true if it is a probe. Otherwise calls `next`, if given, and returns false. */
  (request: AnyRequest, response: AnyResponse, next?: () => void): boolean
  /** A Fastify plugin: `app.register(health.fastify)`. */
  readonly fastify: FastifyPlugin
  /** Turns readiness to 503. `httpServer()` calls it in the `announce` phase. */
  announce(): void
}

/** What `httpServer()` has to know of the probes that a handler answers. */
export interface AnsweredProbes {
  readonly probers: KnownProbers
  /** Whether a request was a probe. Known once its handler has begun. */
  isProbe(request: object): boolean
}

/** Who asks for readiness, and how often each has been answered with 503. */
export type KnownProbers = Pick<Probers, 'onNotified' | 'notYetNotified' | 'tooSeldom'>

/** The probes of these health checks. */
export function probesOf(health: HealthChecks | undefined): AnsweredProbes | undefined {
  return health && allProbes().get(health)
}

// Not members of the health checks: applications have no use for them.
const allProbes = () => sharedState('probes', () => new WeakMap<HealthChecks, AnsweredProbes>())

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
 * Creates the handler for liveness and readiness probes (GET and HEAD). Pass it to `httpServer()`
 * too: at shutdown it turns readiness to 503, and accepts until the probers have seen that.
 *
 * @example
 * const health = healthChecks({ ready: () => cache.isWarm })
 * app.use(health)                                   // Express
 * app.register(health.fastify)                      // Fastify
 * createServer((req, res) => health(req, res) || handle(req, res))   // node:http
 * shutdown.add(httpServer(server, { health }))
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for a path without a leading slash or with a
 * query, for one path for both, and for an unknown option
 */
export function healthChecks(options: HealthOptions = {}): HealthChecks {
  return inCall('healthChecks()', () => createHealthChecks(options, systemClock))
}

export function createHealthChecks(options: HealthOptions, clock: Clock): HealthChecks {
  const { livez, readyz, ready } = checkOptions(options)
  const log = openLog(options.log, { host: systemProcess, clock })
  const probers = new Probers(clock)
  const probes = new WeakSet<object>()
  const readiness = new Readiness(ready && new ReadyCheck(ready, readyz, log), probers)
  const paths = [livez, readyz]
  const serve = (path: string, request: AnyRequest, response: AnyResponse): void => {
    // HTTP/2 identifies a request by its stream.
    probes.add('stream' in request ? (request as { stream: object }).stream : request)
    if (path === livez) answerProbe(response, 200, 'alive')
    else readiness.serve(request, response)
  }

  const health = (request: AnyRequest, response: AnyResponse, next?: () => void): boolean => {
    const path = request.url?.split('?')[0] ?? ''
    const isProbe = paths.includes(path) && (request.method === 'GET' || request.method === 'HEAD')
    if (isProbe) serve(path, request, response)
    else next?.()
    return isProbe
  }
  const fastify: FastifyPlugin = (app, _options, done) => {
    for (const path of paths) {
      app.get(path, (request, reply) => {
        reply.hijack()
        serve(path, request.raw, reply.raw)
      })
    }
    done()
  }
  const checks = Object.assign(health, { fastify, announce: () => readiness.announce() })
  allProbes().set(checks, { probers, isProbe: (request) => probes.has(request) })
  return checks
}

const OPTIONS = optionNames<HealthOptions>({ livez: true, readyz: true, ready: true, log: true })

function checkOptions(options: HealthOptions) {
  refuseUnknownOptions(options, OPTIONS, "{ readyz: '/readyz' }")
  const livez = checkPath(options.livez ?? '/livez', 'livez')
  const readyz = checkPath(options.readyz ?? '/readyz', 'readyz')
  const { ready } = options
  if (ready !== undefined && typeof ready !== 'function') {
    throw invalidOption('ready', 'a function that returns a boolean, or a promise of one', ready)
  }
  if (livez === readyz) {
    const rule = 'another path than livez: one of them turns 503, the other must not'
    throw invalidOption('readyz', rule, readyz)
  }
  return { livez, readyz, ready }
}

function checkPath(value: unknown, option: string): string {
  if (typeof value === 'string' && /^\/[^\s?#]*$/.test(value)) return value
  throw invalidOption(
    option,
    `a path that begins with a slash, without a query, such as '/${option}'`,
    value,
    typeof value === 'string' && /^[^/\s?#]+$/.test(value) ? `Write '/${value}'.` : undefined,
  )
}
