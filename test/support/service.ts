import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createShutdown, type HookReport, type Report, type Shutdown } from 'lastcall'
import { expect, onTestFinished } from 'vitest'
import { httpServerHooks } from '../../src/http/http-server.ts'
import type { HttpServerOptions } from '../../src/http/options.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { RawClient, type RawClientOptions } from './clients/raw-client.ts'
import { VirtualClock } from './hooks/virtual.ts'
import { selfSigned } from './servers/certificate.ts'

/** What a test wants of its service besides the handler. */
export interface ServiceOptions extends HttpServerOptions {
  readonly secure?: boolean
  /** What the drain takes for the time. Default: the real one. */
  readonly clock?: Clock
  readonly server?: ServerOptions
}

/** A server in this process that a shutdown will end. */
export interface Service {
  readonly server: Server
  readonly port: number
  readonly shutdown: Shutdown
  connect(options?: RawClientOptions): Promise<RawClient>
}

const certificate = selfSigned()

/** Starts a server, and adds it to a shutdown of its own; both are gone when the test is over. */
export async function serve(
  handler: RequestListener,
  { secure = false, clock = systemClock, server: options = {}, ...http }: ServiceOptions = {},
): Promise<Service> {
  const server = secure
    ? createSecureServer({ ...options, ...certificate }, handler)
    : createServer(options, handler)
  const shutdown = createShutdown({ exit: false, grace: '10s', log: false })
  shutdown.add(httpServerHooks(server, http, clock))
  const port = await listen(server)
  return {
    server,
    port,
    shutdown,
    connect: (wanted) => connect(port, { secure, ...wanted }),
  }
}

/** Has a server listen for as long as the test lasts. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A client that is gone when the test is over. */
export async function connect(port: number, options: RawClientOptions = {}): Promise<RawClient> {
  const client = await RawClient.connect(port, options)
  onTestFinished(() => void client.socket.destroy())
  return client
}

/** What the report says of one hook. */
export function hookOf({ phases }: Report, name = 'http'): HookReport | undefined {
  return phases.flatMap(({ hooks }) => hooks).find((hook) => hook.name === name)
}

/**
 * Expects that the two hooks of a server that its timeout counts, the end of listening and the drain,
 * had that many milliseconds together.
 */
export function expectSharedTimeout(report: Report, timeout: number): void {
  const [unbind, drain] = [hookOf(report, 'http:unbind'), hookOf(report)]
  const unbindTime = Number(unbind?.ended) - Number(unbind?.began)
  expect(unbind?.limit).toBe(timeout)
  expect(drain?.limit).toBeLessThanOrEqual(timeout)
  // A limit is rounded down to whole milliseconds.
  expect(unbindTime + Number(drain?.limit)).toBeGreaterThan(timeout - 1)
}

/** The note of a drain: how many connections there were, were closed after a response, and were idle. */
export function account(connections: number, afterResponse: number, idle: number): string {
  const all = connections === 1 ? '1 connection' : `${connections} connections`
  const their = afterResponse === 1 ? 'its' : 'their'
  return `${all}: ${afterResponse} closed after ${their} last response, ${idle} idle`
}

/** Waits until the drain has closed the listener. */
export function stoppedListening({ server }: { server: { listening: boolean } }): Promise<void> {
  return until(() => !server.listening)
}

/** Waits for a condition that no event tells of: it is looked at in each turn of the loop. */
export async function until(condition: () => boolean): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while (!condition())
}

/** Something to wait for that the test lets happen. */
export class Gate {
  readonly opened: Promise<void>
  open!: () => void

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve
    })
  }
}

/** Time that a test moves, above poll phases that are real: for what is to be read from sockets. */
export class PollingClock extends VirtualClock {
  override afterPoll(run: () => void): void {
    setImmediate(run)
  }
}

/** Blocks the event loop. */
export function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
