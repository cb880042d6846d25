// The service of all recordings: it answers in 20 ms, or in as many as it is asked for, and writes down what happens to it.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createShutdown } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'

const { PORT = '0', EVENTS, GRACE, LAME_DUCK, PLAIN } = process.env

/** At once, for the process may be killed in the next moment. */
function tell(type, more = {}) {
  const at = performance.timeOrigin + performance.now()
  const who = { pid: process.pid, instance: process.env.pm_id ?? null }
  appendFileSync(EVENTS, `${JSON.stringify({ at, type, ...who, ...more })}\n`)
}

const health = healthChecks()
const server = createServer((request, response) => {
  response.setHeader('X-Shop', process.pid)
  health(request, response, async () => {
    await sleep(Number(new URL(request.url, 'http://shop').searchParams.get('takes') ?? 20))
    response.end('sold\n')
  })
})

if (PLAIN) {
  process.once('SIGTERM', () => {
    tell('start', { signal: 'SIGTERM' })
    server.close(() => process.exit(0))
    tell('deaf')
  })
} else {
  const shutdown = createShutdown(GRACE ? { grace: Number(GRACE) } : {})
  shutdown.add(httpServer(server, { health, lameDuck: LAME_DUCK }))
  shutdown.add({ name: 'orders', phase: 'flush', run: () => sleep(120) })
  shutdown.add({ name: 'postgres', phase: 'close', run: () => sleep(60) })
  shutdown.on('event', (event) => {
    if (event.type === 'start') {
      tell('start', { signal: event.reason.signal ?? event.reason.message, grace: event.grace })
      setInterval(look, 1).unref()
    }
    look()
    if (event.type === 'hook:end') {
      const { name, status, notes } = event.hook
      tell('hook', { name, status, notes })
    }
  })
  shutdown.listen()
}
process.on('exit', (code) => tell('exit', { code }))

let isDeaf = false

/** No event says that the listener is closed, so this polls. */
function look() {
  if (isDeaf || server.listening) return
  isDeaf = true
  tell('deaf')
}

server.listen(Number(PORT), '127.0.0.1', () => {
  tell('listening', { port: server.address().port })
  process.send?.('ready')
  console.log('ready')
})
