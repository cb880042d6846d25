// A service to stop: node bench/peers/service.mjs '{"contestant":"stoppable","protocol":"h2","grace":10000}'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import * as https from 'node:https'
import { contestants } from './contestants.mjs'

const {
  contestant,
  protocol = 'http',
  handler = 0,
  grace,
  limit,
  certificate = {},
  webSockets = false,
  memory = false,
} = JSON.parse(process.argv[2])

const servers = {
  http: () => http.createServer(handle),
  https: () => https.createServer(certificate, handle),
  h2c: () => http2.createServer(handle),
  h2: () => http2.createSecureServer(certificate, handle),
}

function handle(request, response) {
  const wait = request.url === '/slow' ? 1000 : handler
  const answer = () => response.end('ok')
  if (wait === 0) answer()
  else setTimeout(answer, wait)
}

async function acceptWebSockets() {
  const { WebSocketServer } = await import('ws')
  return new WebSocketServer({ server })
}

const server = servers[protocol]()
await contestants[contestant](server, {
  grace,
  limit,
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

server.listen(0, '127.0.0.1', () => console.log(server.address().port))
