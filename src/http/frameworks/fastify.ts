import { inCall } from '../../base/errors.ts'
import { AdapterClock } from '../../runtime/adapter-clock.ts'
import { type FastifyPlugin, type HealthChecks, healthChecks } from '../health/health-checks.ts'
import { httpServerHooks } from '../http-server.ts'
import { DEFAULTS, type HookTaker, type HttpServerOptions, refuseNoShutdown } from '../options.ts'
import type { AnyHttpServer } from '../server.ts'
import { otherServers } from './fastify-servers.ts'

/** The options of `fastifyShutdown`: the shutdown, and those of `httpServer()`. */
export interface FastifyShutdownOptions extends HttpServerOptions {
  /** The shutdown that gets the hooks. Required. */
  readonly shutdown: HookTaker
  /** The handler of the probes. Default: `healthChecks()`, at `/livez` and `/readyz`. */
  readonly health?: HealthChecks | undefined
}

/** As much of Fastify as the plugin needs. */
export interface FastifyLike {
  readonly server: AnyHttpServer
  readonly get: Parameters<FastifyPlugin>[0]['get']
  addHook(name: 'onListen', hook: () => Promise<void>): unknown
  addHook(name: 'onClose', hook: () => Promise<void>): unknown
  close(): PromiseLike<unknown>
}

/**
 * A plugin for Fastify 4 and later. It answers the probes. At shutdown it drains the application's
 * server, and the servers that Fastify opens for further addresses of `localhost`. When the last
 * request has been answered it calls `app.close()`, in the `stop` phase. Defaults and clocks are
 * those of `httpServer()`.
 *
 * It applies to the whole application, even if registered in a part of it. Closing the application
 * without a shutdown removes the hooks.
 *
 * @example
 * const shutdown = createShutdown()
 * app.register(fastifyShutdown, { shutdown, timeout: '20s' })
 * shutdown.listen()
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for an option that breaks its rule or does not exist,
 * `LASTCALL_NAME_TAKEN` for a second plugin under one `name`: the start of the application fails with it
 */
export const fastifyShutdown: (
  app: FastifyLike,
  options: FastifyShutdownOptions,
  done: (error?: Error) => void,
) => void = Object.assign(
  (app: FastifyLike, options: FastifyShutdownOptions, done: (error?: Error) => void) => {
    try {
      inCall('fastifyShutdown()', () => install(app, options))
      done()
    } catch (error) {
      done(error as Error)
    }
  },
  {
    // As fastify-plugin does: the plugin then applies to the whole application.
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'lastcall',
    [Symbol.for('plugin-meta')]: { name: 'lastcall', fastify: '>=4' },
  },
)

function install(app: FastifyLike, options: FastifyShutdownOptions): void {
  const { shutdown, health = healthChecks(), ...others } = withoutRegisterOptions(options)
  refuseNoShutdown(shutdown, 'app.register(fastifyShutdown, { shutdown })')
  const { name = DEFAULTS.name } = others
  const hooksOf = (server: AnyHttpServer, own: string) =>
    httpServerHooks(server, { ...others, name: own, health }, new AdapterClock())
  const close = { name: `${name}:fastify`, phase: 'stop', run: () => app.close() }
  const undos = [shutdown.add([...hooksOf(app.server, name), close])]
  health.fastify(app, {}, () => {})
  app.addHook('onListen', async () => {
    for (const [index, server] of otherServers(app).entries()) {
      undos.push(shutdown.add(hooksOf(server, `${name}:${index + 2}`)))
    }
  })
  app.addHook('onClose', async () => {
    for (const undo of undos) undo()
  })
}

/** Fastify passes options of `register()` itself to the plugin. */
function withoutRegisterOptions(options: FastifyShutdownOptions): FastifyShutdownOptions {
  const own: Record<string, unknown> = { ...options }
  for (const key of ['prefix', 'logLevel', 'logSerializers']) delete own[key]
  return own as unknown as FastifyShutdownOptions
}
