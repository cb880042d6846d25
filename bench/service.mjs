// A service to stop, in one of several ways: node bench/service.mjs '{"way":"lastcall","handler":10}'
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'

const {
  way,
  handler = 0,
  lameDuck = 0,
  grace = 10_000,
  hung = false,
  serves = 'a bare handler',
  idle = false,
  keepAlive,
  port = 0,
} = JSON.parse(process.argv[2] ?? '{}')

const servers = {
  'a bare handler': () => createServer(handle),
  Express: async () => createServer(await expressApplication()),
  'HTTP/2': () => createHttp2Server(handle),
}
const server = await servers[serves]()

async function expressApplication() {
  const { default: create } = await import('express')
  return create().get('/', (_request, response) => response.send('ok'))
}

function handle(request, response) {
  const wait = request.url === '/slow' ? 1000 : handler
  const answer = () => response.end('ok')
  if (wait === 0) answer()
  else setTimeout(answer, wait)
}

const ways = {
  // The server and nothing else: SIGTERM ends it at once.
  nothing: () => {},
  exit: () => process.on('SIGTERM', () => process.exit(0)),
  // What people write by hand.
  close: () =>
    process.on('SIGTERM', () => {
      server.close(() => process.exit(0))
      server.closeIdleConnections()
    }),
  // The quickest way to close every connection.
  closeAll: () =>
    process.on('SIGTERM', () => {
      server.close(() => process.exit(0))
      server.closeAllConnections()
    }),
  lastcall: async () => {
    const { createShutdown } = await import('lastcall')
    const { httpServer } = await import('lastcall/http')
    const shutdown = createShutdown({ grace })
    shutdown.add(httpServer(server, { lameDuck }))
    if (hung) shutdown.add({ name: 'hung', phase: 'close', run: () => new Promise(() => {}) })
    shutdown.listen()
    if (process.env.REPORT) {
      shutdown.on('end', ({ report }) => console.error(JSON.stringify(report.phases)))
    }
  },
}

function keepIdleConnections() {
  server.keepAliveTimeout = 0
  let last = 0
  let longest = 0
  const look = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  process.on('SIGTERM', () => {
    last = performance.now()
    setInterval(look, 1).unref()
  })
  process.on('exit', () => {
    look()
    writeSync(1, `${longest}\n`)
  })
}

// First, so that its listener is called before the one whose work it is to measure.
if (idle) keepIdleConnections()
if (keepAlive !== undefined) server.keepAliveTimeout = keepAlive
await ways[way]()
server.listen(port, '127.0.0.1', () => console.log(server.address().port))
