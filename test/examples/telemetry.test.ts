import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

/** Runs an example until it says its first line. */
async function start(file: string, env: Record<string, string> = {}) {
  const path = fileURLToPath(new URL(`../../examples/${file}`, import.meta.url))
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', path], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  const stderr = text(child.stderr as NodeJS.ReadableStream)
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  reader.on('line', (line) => lines.push(line))
  const ended = once(child, 'close')
  await Promise.race([
    once(reader, 'line'),
    ended.then(async () => {
      throw new Error(`${file} ended at once:\n${await stderr}`)
    }),
  ])
  const stop = async () => {
    child.kill('SIGTERM')
    const [code] = await ended
    return { code, lines, stderr: await stderr }
  }
  return { lines, stop }
}

interface PrintedSpan {
  readonly name: string
  readonly id: string
  readonly parent?: string
  readonly traceId: string
  readonly status: { code: number; message?: string }
  readonly attributes: Record<string, unknown>
  readonly startTime: [number, number]
  readonly duration: [number, number]
  readonly errors: string[]
}

const OK = 0
const ERROR = 2

const milliseconds = ([seconds, nanoseconds]: [number, number]) =>
  seconds * 1000 + nanoseconds / 1e6

describe('examples/08-opentelemetry.ts', () => {
  test('has a tree of spans, each with its status and its time, and none is lost at the exit', async () => {
    const { stop } = await start('08-opentelemetry.ts')
    const { code, lines } = await stop()
    expect(code).toBe(124)
    const spans: PrintedSpan[] = lines.slice(1).map((line) => JSON.parse(line))
    const named = (name: string) => spans.find((span) => span.name === name) as PrintedSpan
    const parents = spans.map(({ name, parent }) => [
      name,
      spans.find(({ id }) => id === parent)?.name ?? parent,
    ])
    expect(Object.fromEntries(parents)).toEqual({
      shutdown: undefined,
      'phase drain': 'shutdown',
      'hook orders': 'phase drain',
      'UPDATE orders': 'hook orders',
      'phase flush': 'shutdown',
      'hook cache': 'phase flush',
      'hook index': 'phase flush',
    })
    expect(spans).toHaveLength(7)
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)

    expect(named('hook orders').status).toEqual({ code: OK })
    expect(named('hook cache').status).toEqual({ code: ERROR, message: 'failed' })
    expect(named('hook cache').errors).toEqual(['no route'])
    expect(named('hook index').status).toEqual({ code: ERROR, message: 'cut off' })
    expect(named('hook index').errors).toEqual([
      '3 documents left',
      "Hook 'index' was cut off after 100 ms",
    ])
    expect(named('shutdown').status).toEqual({ code: ERROR, message: 'cut off' })
    expect(named('shutdown').attributes).toEqual({ 'lastcall.exit_code': 124 })

    // Timers may fire a millisecond early, and spans begin at whole ones.
    expect(milliseconds(named('hook orders').duration)).toBeGreaterThan(27)
    expect(milliseconds(named('hook index').duration)).toBeGreaterThan(97)
    for (const span of spans) {
      const parent = spans.find(({ id }) => id === span.parent)
      if (!parent) continue
      const end = (one: PrintedSpan) => milliseconds(one.startTime) + milliseconds(one.duration)
      expect(milliseconds(span.startTime)).toBeGreaterThanOrEqual(milliseconds(parent.startTime))
      expect(end(span)).toBeLessThanOrEqual(end(parent) + 1)
    }
  })
})

describe('examples/09-prometheus.ts', () => {
  test('has the figures of the run for a Pushgateway when the process has gone', async () => {
    let pushed = ''
    let path = ''
    const gateway = createServer(async (request, response) => {
      path = request.url ?? ''
      pushed += await text(request)
      response.end()
    })
    gateway.listen(0, '127.0.0.1')
    onTestFinished(() => void gateway.close())
    await once(gateway, 'listening')
    const { port } = gateway.address() as AddressInfo

    const { lines, stop } = await start('09-prometheus.ts', {
      PUSHGATEWAY: `http://127.0.0.1:${port}`,
    })
    const url = lines[0]?.replace('listening on ', '')
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain('# TYPE lastcall_hook_duration_seconds histogram')
    expect(metrics).not.toMatch(/^lastcall_hook_duration_seconds_count/m)

    expect(await stop()).toMatchObject({ code: 124 })
    expect(path).toBe('/metrics/job/orders')
    const value = (name: string, labels: string) => {
      const line = pushed.split('\n').find((one) => one.startsWith(`${name}{${labels}} `))
      return Number(line?.split(' ').at(-1))
    }
    const duration = 'lastcall_hook_duration_seconds'
    const events = 'hook="events",phase="flush",status="done"'
    const index = 'hook="index",phase="flush",status="cut off"'
    expect(value(`${duration}_count`, events)).toBe(1)
    expect(value(`${duration}_sum`, events)).toBeGreaterThan(0.018)
    expect(value(`${duration}_count`, index)).toBe(1)
    expect(value(`${duration}_sum`, index)).toBeGreaterThan(0.098)
    expect(value(`${duration}_bucket`, `le="0.05",${index}`)).toBe(0)
    expect(value(`${duration}_bucket`, `le="+Inf",${index}`)).toBe(1)
    expect(value(`${duration}_count`, 'hook="http",phase="drain",status="done"')).toBe(1)
    expect(value('lastcall_hooks_cut_off_total', 'hook="index",phase="flush"')).toBe(1)
    expect(value('lastcall_shutdowns_total', 'outcome="cut off"')).toBe(1)
  })
})
