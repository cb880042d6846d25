import { Agent, request } from 'node:http'
import { Pool } from 'undici'
import type { Balancer } from '../../test/fleet/balancers/balancer.ts'
import { HAProxy } from '../../test/fleet/balancers/haproxy.ts'
import { Nginx } from '../../test/fleet/balancers/nginx.ts'
import type { Send } from './load.ts'

/** A way to keep connections to instances. */
export interface PoolKind {
  readonly name: string
  /** How many connections it keeps, to all instances together. */
  readonly size: number
  /** Two where something can send a request to the other one. */
  readonly instances: 1 | 2
  /** The program that it needs, and Debian's package of it. */
  readonly needs?: { readonly program: string; readonly package: string }
  /** Connects to instances on these ports; a balancer listens on `port`. */
  open(ports: readonly number[], port: number): Promise<OpenPool>
}

export interface OpenPool {
  readonly send: Send
  close(): Promise<void>
}

/** Between two checks of HAProxy, in milliseconds: so rare that they don't end its use of the pool. */
const CHECK = 60_000
const BODY = JSON.stringify({ total: 1 })

export const nginx: PoolKind = {
  name: 'nginx',
  size: 400,
  instances: 2,
  needs: { program: 'nginx', package: 'nginx-light' },
  open: (ports, port) => behind(new Nginx(port, backendsOn(ports)), nginx.size),
}

const haproxy: PoolKind = {
  name: 'HAProxy',
  size: 400,
  instances: 2,
  needs: { program: 'haproxy', package: 'haproxy' },
  open: (ports, port) => behind(new HAProxy(port, backendsOn(ports), CHECK), haproxy.size),
}

const agent = (size: number): PoolKind => ({
  name: 'Agent',
  size,
  instances: 1,
  open: async ([port]) => throughAgent(`http://127.0.0.1:${port}`, size),
})

const undici: PoolKind = {
  name: 'undici',
  size: 200,
  instances: 1,
  async open([port]) {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: undici.size })
    return {
      async send(method, path) {
        const body = method === 'POST' ? BODY : null
        const { statusCode, body: answer } = await pool.request({ method, path, body })
        await answer.text()
        return statusCode
      },
      close: () => pool.destroy(),
    }
  },
}

export const KINDS: readonly PoolKind[] = [nginx, haproxy, agent(200), agent(400), undici]

const backendsOn = (ports: readonly number[]) =>
  ports.map((port, index) => ({ name: String(index + 1), port }))

/** The clients of a balancer keep their connections to it as well. */
async function behind(balancer: Balancer, size: number): Promise<OpenPool> {
  await balancer.started()
  const clients = throughAgent(balancer.url, size)
  return {
    send: clients.send,
    async close() {
      await clients.close()
      await balancer.stop()
    },
  }
}

function throughAgent(origin: string, size: number): OpenPool {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: size })
  return {
    send: (method, path) =>
      new Promise((resolve, reject) => {
        const sent = request(`${origin}${path}`, { method, agent }, (response) => {
          response.on('error', reject).on('end', () => resolve(response.statusCode ?? 0))
          response.resume()
        })
        sent.on('error', reject).end(method === 'POST' ? BODY : undefined)
      }),
    close: async () => agent.destroy(),
  }
}
