// Consul: registers at the agent over HTTP when the instance serves, and deregisters when the shutdown begins.
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import { createShutdown, formatReport } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'
import { Pool } from './support/stand-ins.ts'

const pool = new Pool()
const health = healthChecks()

const app = express()
app.use(health) // GET /livez and GET /readyz
app.get('/orders/:id', async (request, response) => {
  response.json(await pool.query(request.params.id))
})

const id = `orders-${randomUUID()}`
/** Settles when the agent has answered, or when the shutdown has begun. */
let registering = Promise.resolve()

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error
  const address = process.env.ADDRESS ?? '127.0.0.1'
  const { port } = server.address() as AddressInfo
  console.log(`listening on http://${address}:${port}`)
  registering = register(address, port)
})

// `docker stop` sends SIGKILL after 10 s. Without this option, lastcall uses the default of the platform.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add(
  'consul',
  async ({ signal }) => {
    // Otherwise a registration that is still on its way could reach the agent after the deregistration.
    await registering
    await callAgent(`deregister/${id}`, { signal })
  },
  { phase: 'deregister', timeout: '2s' },
)
// Clients of Consul notice a little later, and may have chosen this instance just before.
shutdown.add(httpServer(server, { health, lameDuck: { atLeast: '1s' } }))
shutdown.add('postgres', () => pool.end())

shutdown.on('end', ({ report }) => {
  console.error(formatReport(report))
})
shutdown.listen()

/** Tries to register until the shutdown. The instance serves meanwhile. */
async function register(address: string, port: number): Promise<void> {
  const service = {
    ID: id,
    Name: 'orders',
    Address: address,
    Port: port,
    // Clients find the instance only after this check has passed. The check also removes an instance that could
    // not deregister.
    Check: {
      HTTP: `http://${address}:${port}/readyz`,
      Interval: '10s',
      Timeout: '1s',
      DeregisterCriticalServiceAfter: '1m', // the minimum of Consul
    },
  }
  for (let isReported = false; !shutdown.signal.aborted; isReported = true) {
    try {
      await callAgent('register', {
        body: JSON.stringify(service),
        signal: AbortSignal.timeout(1000),
      })
      return console.log('registered')
    } catch (error) {
      if (!isReported) console.error('not registered:', error)
      await sleep(1000, undefined, { signal: shutdown.signal }).catch(() => {})
    }
  }
}

async function callAgent(what: string, init: RequestInit): Promise<void> {
  const agent = process.env.CONSUL_HTTP_ADDR ?? '127.0.0.1:8500'
  const token = process.env.CONSUL_HTTP_TOKEN
  const response = await fetch(
    `${agent.includes('://') ? agent : `http://${agent}`}/v1/agent/service/${what}`,
    { ...init, method: 'PUT', headers: token ? { 'X-Consul-Token': token } : {} },
  )
  const text = await response.text()
  // The agent does not know the instance: it is already deregistered.
  const isGone = response.status === 404 && text.startsWith('Unknown service ID')
  if (!response.ok && !isGone) throw new Error(`Consul answered ${response.status}: ${text.trim()}`)
}
