import type { AnyHttpServer } from '../server.ts'

/*
 * Internals of Fastify.
 * Relies on: an application has a property whose symbol is described as `fastify.serverBindings`, an
 *   array of the servers that Fastify opened besides `app.server`. It does so on `localhost`, where
 *   that has several addresses. `app.addresses()`, which is documented, tells their addresses only.
 * Seen in: Fastify 4.0.0, 4.29.1, 5.0.0 and 5.12.8.
 * Where it is missing: only `app.server` is drained. `app.close()` closes the other servers, and
 *   requests that are on their way on their idle connections are lost.
 */

/** The servers that Fastify has opened besides `app.server`. They are known once it listens. */
export function secondServers(app: { readonly server: AnyHttpServer }): AnyHttpServer[] {
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
