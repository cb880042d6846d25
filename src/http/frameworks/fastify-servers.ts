import type { AnyHttpServer } from '../server.ts'

/*
 * Internals of Fastify.
 * Relies on: an application has an array of the servers that Fastify opened for the other addresses of
 *   `localhost`, at the symbol `fastify.serverBindings`. `app.addresses()` gives addresses only.
 * Seen in: Fastify 4.0.0, 4.29.1, 5.0.0 and 5.12.8.
 * Where it is missing: requests on their way on idle connections of those other servers are lost.
 */

/** The servers that Fastify has opened besides `app.server`. They are known once it listens. */
export function otherServers(app: { readonly server: AnyHttpServer }): AnyHttpServer[] {
  // In a plugin `app` inherits from the application, which has the property.
  for (let part: object | null = app; part; part = Object.getPrototypeOf(part)) {
    const bindings = Object.getOwnPropertySymbols(part).find(
      ({ description }) => description === 'fastify.serverBindings',
    )
    const servers = bindings && (part as Record<symbol, unknown>)[bindings]
    if (Array.isArray(servers)) return servers.filter((server) => server !== app.server)
  }
  return []
}
