// Prometheus: metrics of how long hooks take and how they end, scraped and, at the end, pushed to a Pushgateway.
import { subscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createShutdown, type HookTrace, type ShutdownTrace } from 'lastcall'
import { httpServer } from 'lastcall/http'
import { Counter, Histogram, Pushgateway, register } from 'prom-client'

const hookDuration = new Histogram({
  name: 'lastcall_hook_duration_seconds',
  help: 'How long the hooks of a shutdown took.',
  labelNames: ['hook', 'phase', 'status'] as const,
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
})
const cutOffs = new Counter({
  name: 'lastcall_hooks_cut_off_total',
  help: 'Hooks that were cut off at their limit.',
  labelNames: ['hook', 'phase'] as const,
})
const shutdowns = new Counter({
  name: 'lastcall_shutdowns_total',
  help: 'Shutdowns, by how they ended.',
  labelNames: ['outcome'] as const,
})
// The process is usually gone before the next scrape. So it pushes its last metrics, and the exit waits for that.
const gateway = process.env.PUSHGATEWAY ? new Pushgateway(process.env.PUSHGATEWAY) : undefined

subscribe('tracing:lastcall.hook:asyncEnd', (message) => {
  const { hook, phase, status = 'done', report } = message as HookTrace
  const seconds = report?.began == null ? 0 : (report.ended - report.began) / 1000
  hookDuration.observe({ hook, phase, status }, seconds)
  if (status === 'cut off') cutOffs.inc({ hook, phase })
})
subscribe('tracing:lastcall.shutdown:asyncEnd', (message) => {
  const { report, waitUntil } = message as ShutdownTrace
  if (report) shutdowns.inc({ outcome: report.outcome })
  if (gateway) waitUntil(gateway.pushAdd({ jobName: 'orders' }))
})

const server = createServer(async (request, response) => {
  if (request.url === '/metrics') response.setHeader('content-type', register.contentType)
  response.end(request.url === '/metrics' ? await register.metrics() : 'hello\n')
})
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

const shutdown = createShutdown({ grace: '2s' })
shutdown.add(httpServer(server))
shutdown.add('events', () => sleep(20), { phase: 'flush' })
// This hook hangs, so that the example counts a hook that was cut off.
shutdown.add('index', () => new Promise(() => {}), { phase: 'flush', timeout: '100ms' })
shutdown.listen()
