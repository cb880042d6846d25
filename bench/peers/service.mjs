// A service to stop: node bench/peers/service.mjs '{"contestant":"stoppable","protocol":"h2","grace":10000}'
import { writeSync } from 'node:fs'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import * as https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { contestants } from './contestants.mjs'

/** The size of a large answer, in bytes. */
const LARGE = 3_000_000

const {
  contestant,
  protocol = 'http',
  handler = 0,
  grace,
  limit,
  certificate = {},
  webSockets = false,
  memory = false,
  keepAlive,
  port = 0,
} = JSON.parse(process.argv[2])

const servers = {
  http: () => http.createServer(handle),
  https: () => https.createServer(certificate, handle),
  h2c: () => http2.createServer(handle),
  h2: () => http2.createSecureServer(certificate, handle),
}

/** A stand-in for a database's pool: what it has taken stands on stdout, however the process ends. */
const pool = {
  isOpen: true,
  write(line) {
    if (!pool.isOpen) throw new Error('the pool is closed')
    writeSync(1, `${line}\n`)
  },
  async close() {
    pool.isOpen = false
  },
}

const routes = {
  '/slow': (response) => setTimeout(() => response.end('ok'), 1000),
  '/large': (response) => response.end(Buffer.alloc(LARGE, 'x')),
  '/pay': (response) =>
    pay().then(
      () => response.end('ok'),
      () => response.writeHead(500).end(),
    ),
}

function handle(request, response) {
  const route = routes[request.url]
  if (route) route(response)
  else if (handler === 0) response.end('ok')
  else setTimeout(() => response.end('ok'), handler)
}

/** Two queries, half a second each. */
async function pay() {
  const endWork = beginWork?.()
  await sleep(500)
  pool.write('row')
  await sleep(500)
  pool.write('commit')
  await endWork?.()
}

async function acceptWebSockets() {
  const { WebSocketServer } = await import('ws')
  return new WebSocketServer({ server })
}

const server = servers[protocol]()
const beginWork = await contestants[contestant](server, {
  grace,
  limit,
  cleanUp: pool.close,
  webSockets: webSockets && (await acceptWebSockets()),
})

if (memory) {
  server.keepAliveTimeout = 0
  process.on('message', async () => {
    // Twice, a turn apart: what the first collection lets go of may free more.
    gc()
    await new Promise(setImmediate)
    gc()
    const { heapUsed, external } = process.memoryUsage()
    process.send(heapUsed + external)
  })
}

if (keepAlive !== undefined) server.keepAliveTimeout = keepAlive
server.listen(port, '127.0.0.1', () => console.log(server.address().port))
