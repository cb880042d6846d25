import type { Server } from 'node:http'
import type { AnyHttpServer } from '../server.ts'

/**
 * Keeps `close()` of a server from closing idle connections, as it does from Node 19 on: requests on
 * their way would be lost. Returns a function that undoes this.
 * Relies on: `server.close()` calls `server.closeIdleConnections()`, replaced here until it is undone.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12. Bun closes the connections natively.
 * Without it: requests that are on their way on idle connections are lost when the listener closes.
 */
export function keepIdleConnections(server: AnyHttpServer): () => void {
  const own = Object.getOwnPropertyDescriptor(server, 'closeIdleConnections')
  const keep = () => {}
  Object.assign(server, { closeIdleConnections: keep })
  return () => {
    if ((server as Server).closeIdleConnections !== keep) return
    if (own) Object.defineProperty(server, 'closeIdleConnections', own)
    else delete (server as Partial<Server>).closeIdleConnections
  }
}
