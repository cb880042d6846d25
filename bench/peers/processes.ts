import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { selfSigned } from '../../test/support/servers/certificate.ts'

export type Protocol = 'http' | 'https' | 'h2c' | 'h2'

/** What bench/peers/service.mjs takes. */
export interface ServiceOptions {
  readonly contestant: string
  readonly protocol?: Protocol
  /** How long its handler takes, in milliseconds. */
  readonly handler?: number
  /** How long after the signal it is killed, in milliseconds. */
  readonly grace: number
  readonly webSockets?: boolean
  /** Whether it answers over IPC how much memory it uses. */
  readonly memory?: boolean
  /** How long it keeps a silent connection, in milliseconds; 5 s by default, as Node does. */
  readonly keepAlive?: number
  /** Where it listens; a port that the kernel chooses by default. */
  readonly port?: number
}

/** How a process ended. */
export interface Exit {
  /** From the signal to the end, in milliseconds. */
  readonly elapsed: number
  /** `code 0`, or `killed at 10 s`. */
  readonly how: string
  /** Whether it came to the limit: killed, or broken off by the contestant itself just before. */
  readonly cutOff: boolean
}

export interface Service {
  readonly port: number
  readonly child: ChildProcess
  /** What it writes after its port. */
  readonly lines: Interface
  /** Sends SIGTERM, and SIGKILL at the end of the grace. */
  stop(): Promise<Exit>
  /** Ends it without measuring anything. */
  kill(): void
}

const certificate = selfSigned()

/** A contestant's own limit: where lastcall's deadline is by default. */
export const limitOf = (grace: number) => grace * 0.9

/** Starts a service in a process of its own; rejects with what it said where it doesn't come up. */
export async function startService(
  options: ServiceOptions,
  flags: readonly string[] = [],
): Promise<Service> {
  const { grace } = options
  const path = fileURLToPath(new URL('service.mjs', import.meta.url))
  const settings = JSON.stringify({ ...options, limit: limitOf(grace), certificate })
  const child = spawn(process.execPath, [...flags, path, settings], {
    stdio: ['ignore', 'pipe', 'pipe', ...(options.memory ? ['ipc' as const] : [])],
  })
  const exited = once(child, 'exit')
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said += chunk
  })
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })
  const [line] = await Promise.race([once(lines, 'line'), once(child, 'close').then(() => [])])
  if (line === undefined) throw new Error(problemIn(said))

  return {
    port: Number(line),
    child,
    lines,
    async stop() {
      const began = performance.now()
      child.kill('SIGTERM')
      let killed = false
      const killer = setTimeout(() => {
        killed = child.kill('SIGKILL')
      }, grace)
      const [code, signal] = await exited
      clearTimeout(killer)
      const elapsed = performance.now() - began
      const how = killed ? `killed at ${grace / 1000} s` : (signal ?? `code ${code}`)
      return { elapsed, how, cutOff: elapsed >= limitOf(grace) }
    },
    kill() {
      child.kill('SIGKILL')
    },
  }
}

/** The line of a stack trace that says what is wrong. */
function problemIn(stderr: string): string {
  return /^\S*Error.*$/m.exec(stderr)?.[0] ?? (stderr.trim() || 'it ended at once')
}
