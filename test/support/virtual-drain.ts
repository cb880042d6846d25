import { readFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import type { Report } from 'lastcall'
import { onTestFinished, vi } from 'vitest'
import type { Duration } from '../../src/base/duration.ts'
import { Clients } from '../../src/http/clients.ts'
import { httpServerHooks } from '../../src/http/http-server.ts'
import type { HttpServerOptions } from '../../src/http/options.ts'
import type { AnyHttpServer } from '../../src/http/server.ts'
import { virtualShutdown } from './hooks/virtual.ts'
import { hookOf, PollingClock, stoppedListening, until } from './service.ts'

/** What a test wants of its drain besides the options of `httpServer()`. */
export interface VirtualDrainOptions extends HttpServerOptions {
  /** Of the whole shutdown. Default 10 s: then the drain has 9 s. */
  readonly grace?: Duration
}

/**
 * A shutdown of a server with real sockets, in time that a test moves. The kernel's tables are read at
 * once: a read that takes real time would take any time of the test's.
 */
export interface VirtualDrain {
  readonly clock: PollingClock
  /** What was logged at the levels `warn` and `error`, such as `warn: …`. */
  readonly complaints: string[]
  /** Begins the shutdown. Resolves when the server has stopped listening. */
  begin(): Promise<void>
  /** Whether the next phase has begun: what the handlers use may be closed. */
  readonly isOver: boolean
  /** How many requests are in flight with their clients waiting. */
  inFlight(): number
  /** How many handlers have not ended their responses although their clients have gone. */
  handlersLeft(): number
  /** Waits until the shutdown is over, without moving time. */
  over(): Promise<void>
  /** Moves time on until the shutdown is over. What is read from sockets and files takes real time. */
  report(): Promise<Report>
  /** The notes of the drain in it. */
  notes(): Promise<readonly string[]>
}

/** Hands a server in; it listens later. */
export function virtualDrain(
  server: AnyHttpServer,
  { grace = '10s', ...options }: VirtualDrainOptions = {},
): VirtualDrain {
  const clock = new PollingClock()
  readAtOnce()
  const complaints: string[] = []
  const complain = (level: string) => (_: object, message: string) => {
    complaints.push(`${level}: ${message.replace(/^lastcall: /, '')}`)
  }
  const log = { debug() {}, info() {}, warn: complain('warn'), error: complain('error') }
  const { shutdown } = virtualShutdown({ exit: false, grace, log }, { clock })
  let isOver = false
  shutdown.add(httpServerHooks(server, options, clock))
  const closePool = () => {
    isOver = true
  }
  shutdown.add({ name: 'pool', phase: 'close', reserve: 0, run: closePool })
  let ended: Promise<Report> | undefined
  const report = async () => {
    while (!isOver) await clock.advance(1)
    return ended as Promise<Report>
  }
  return {
    clock,
    complaints,
    async begin() {
      ended = shutdown.now()
      await stoppedListening({ server })
    },
    handlersLeft: () => Clients.known(server)?.state.gone.size ?? 0,
    inFlight() {
      const { connections, sessions } = Clients.known(server) as Clients
      const counts = [...connections.open].map(({ inFlight }) => inFlight)
      return counts.reduce((sum, one) => sum + one, sessions.inFlight().length)
    },
    get isOver() {
      return isOver
    },
    over: () => until(() => isOver),
    report,
    notes: async () => hookOf(await report())?.notes ?? [],
  }
}

function readAtOnce(): void {
  const read = vi.spyOn(fs, 'readFile')
  read.mockImplementation(async (file) => readFileSync(file as string, 'latin1'))
  onTestFinished(() => read.mockRestore())
}
