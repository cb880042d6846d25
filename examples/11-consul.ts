// Consul: registers with its agent over HTTP when the instance serves, and deregisters when it begins to leave.
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
/** Settles when the agent has answered, or when there is no point in asking it any more. */
let registering = Promise.resolve()

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error
  const address = process.env.ADDRESS ?? '127.0.0.1'
  const { port } = server.address() as AddressInfo
  console.log(`listening on http://${address}:${port}`)
  registering = register(address, port)
})

// What `docker stop` grants. Without it the platform is asked for its own.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add({
  name: 'consul',
  phase: 'deregister',
  timeout: '2s',
  run: async ({ signal }) => {
    // A registration that is on its way now would reach the agent after the deregistration.
    await registering
    await tellAgent(`deregister/${id}`, { signal })
  },
})
// Clients of Consul notice a little later, and may have chosen this instance just before.
shutdown.add(httpServer(server, { health, lameDuck: { atLeast: '1s' } }))
shutdown.add({ name: 'postgres', phase: 'close', run: () => pool.end() })

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
    // Clients find the instance only once this has passed. It also fails for an instance that could not deregister.
    Check: {
      HTTP: `http://${address}:${port}/readyz`,
      Interval: '10s',
      Timeout: '1s',
      DeregisterCriticalServiceAfter: '1m', // The least that there is.
    },
  }
  for (let isTold = false; !shutdown.signal.aborted; isTold = true) {
    try {
      await tellAgent('register', {
        body: JSON.stringify(service),
        signal: AbortSignal.timeout(1000),
      })
      return console.log('registered')
    } catch (error) {
      if (!isTold) console.error('not registered:', error)
      await sleep(1000, undefined, { signal: shutdown.signal }).catch(() => {})
    }
  }
}

async function tellAgent(what: string, init: RequestInit): Promise<void> {
  const agent = process.env.CONSUL_HTTP_ADDR ?? '127.0.0.1:8500'
  const token = process.env.CONSUL_HTTP_TOKEN
  const response = await fetch(
    `${agent.includes('://') ? agent : `http://${agent}`}/v1/agent/service/${what}`,
    { ...init, method: 'PUT', headers: token ? { 'X-Consul-Token': token } : {} },
  )
  const text = await response.text()
  // The agent doesn't know the instance: it is deregistered already, and nothing is left to do.
  const isGone = response.status === 404 && text.startsWith('Unknown service ID')
  if (!response.ok && !isGone) throw new Error(`Consul answered ${response.status}: ${text.trim()}`)
}
