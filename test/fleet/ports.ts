import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Ports that nobody listens on, below those that the kernel gives to outgoing connections: an instance
 * that has gone must find its own free when it comes back.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const server = createServer().listen(20_000 + Math.floor(Math.random() * 10_000), '127.0.0.1')
    const port = await once(server, 'listening').then(
      () => (server.address() as { port: number }).port,
      () => undefined,
    )
    server.close()
    if (port !== undefined) ports.add(port)
  }
  return [...ports]
}
