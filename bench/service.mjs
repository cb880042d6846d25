// A service to stop, in one of several ways: node bench/service.mjs '{"way":"lastcall","handler":10}'
import { createServer } from 'node:http'

const {
  way,
  handler = 0,
  lameDuck = 0,
  grace = 10_000,
  hung = false,
  express = false,
} = JSON.parse(process.argv[2] ?? '{}')

const server = createServer(express ? await expressApplication() : handle)

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
  lastcall: async () => {
    const { createShutdown } = await import('lastcall')
    const { httpServer } = await import('lastcall/http')
    const shutdown = createShutdown({ grace, warnings: !hung })
    shutdown.add(httpServer(server, { lameDuck }))
    if (hung) shutdown.add({ name: 'hung', phase: 'close', run: () => new Promise(() => {}) })
    shutdown.listen()
    if (process.env.REPORT) {
      shutdown.on('end', ({ report }) => console.error(JSON.stringify(report.phases)))
    }
  },
}
await ways[way]()
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
