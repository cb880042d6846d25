import { systemClock } from '../../runtime/clock.ts'
import { type FastifyPlugin, type HealthChecks, healthChecks } from '../health.ts'
import { type HttpServerOptions, httpServerHooks } from '../http-server.ts'
import type { AnyHttpServer } from '../server.ts'
import { type HookTaker, refuseNoShutdown } from './hook-taker.ts'

/** What the plugin takes: the shutdown, and what `httpServer()` does. */
export interface FastifyShutdownOptions extends HttpServerOptions {
  /** Takes the hooks that end the application. */
  readonly shutdown: HookTaker
  /** What answers the probes. Default: `/livez` and `/readyz`, as by `healthChecks()`. */
  readonly health?: HealthChecks
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
 * A Fastify plugin: it answers the probes, drains the server, the second one included that Fastify
 * opens for `localhost`, and calls `app.close()` in the `stop` phase, when the last request has been
 * answered.
 *
 * @example
 * const shutdown = createShutdown()
 * app.register(fastifyShutdown, { shutdown })
 * shutdown.listen()
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`
 */
export const fastifyShutdown = Object.assign(
  (app: FastifyLike, options: FastifyShutdownOptions, done: (error?: Error) => void): void => {
    try {
      install(app, options)
      done()
    } catch (error) {
      done(error as Error)
    }
  },
  {
    // It is for the whole application, and not for a part of it, as fastify-plugin has it.
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'lastcall',
    [Symbol.for('plugin-meta')]: { name: 'lastcall', fastify: '>=4' },
  },
)

function install(app: FastifyLike, options: FastifyShutdownOptions): void {
  const { shutdown, health = healthChecks(), ...others } = withoutFastifys(options)
  refuseNoShutdown(shutdown)
  const { name = 'http' } = others
  const undos = [
    shutdown.add([
      ...httpServerHooks(app.server, { ...others, health }, systemClock),
      { name: `${name}:fastify`, phase: 'stop', run: () => app.close() },
    ]),
  ]
  health.fastify(app, {}, () => {})
  app.addHook('onListen', async () => {
    for (const [index, server] of secondServers(app).entries()) {
      const hooks = httpServerHooks(
        server,
        { ...others, name: `${name}:${index + 2}`, health },
        systemClock,
      )
      undos.push(shutdown.add(hooks))
    }
  })
  // Closed by itself, in a test for example, it leaves nothing to end.
  app.addHook('onClose', async () => {
    for (const undo of undos) undo()
  })
}

/** What `register()` itself takes stands among the options of a plugin. */
function withoutFastifys(options: FastifyShutdownOptions): FastifyShutdownOptions {
  const own: Record<string, unknown> = { ...options }
  for (const key of ['prefix', 'logLevel', 'logSerializers']) delete own[key]
  return own as unknown as FastifyShutdownOptions
}

/** Those that Fastify opens where a name such as `localhost` has several addresses. */
function secondServers(app: FastifyLike): AnyHttpServer[] {
  // A part of an application inherits from it.
  for (let part: object | null = app; part; part = Object.getPrototypeOf(part)) {
    const bindings = Object.getOwnPropertySymbols(part).find(
      ({ description }) => description === 'fastify.serverBindings',
    )
    const servers = bindings && (part as Record<symbol, unknown>)[bindings]
    if (Array.isArray(servers)) return servers.filter((server) => server !== app.server)
  }
  return []
}
