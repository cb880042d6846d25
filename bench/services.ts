import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What bench/service.mjs takes. */
export interface ServiceOptions {
  readonly way: 'nothing' | 'exit' | 'close' | 'closeAll' | 'lastcall'
  /** How long its handler takes, in milliseconds. */
  readonly handler?: number
  readonly lameDuck?: number
  readonly grace?: number
  /** What answers; a bare handler by default. */
  readonly serves?: 'a bare handler' | 'Express' | 'HTTP/2'
  /** Whether it has a hook that never settles. */
  readonly hung?: boolean
  /** Whether it leaves idle connections open, and says at its exit what blocked its loop for longest. */
  readonly idle?: boolean
  /** How long it keeps a silent connection, in milliseconds; 5 s by default, as Node does. */
  readonly keepAlive?: number
  /** Where it listens; a port that the kernel chooses by default. */
  readonly port?: number
}

/** A service in a process of its own. */
export interface Service {
  readonly port: number
  readonly child: ChildProcess
  /** What it writes. */
  readonly lines: Interface
  /** Sends the signal, SIGKILL after so many milliseconds, and says how long it took and how it ended. */
  stop(signal: NodeJS.Signals, grace: number): Promise<{ elapsed: number; how: string }>
}

export async function startService(
  options: ServiceOptions,
  flags: readonly string[] = [],
): Promise<Service> {
  const path = fileURLToPath(new URL('service.mjs', import.meta.url))
  const child = spawn(process.execPath, [...flags, path, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // Read, because writing its log is part of the cost of an exit; and shown where it is anything else.
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!line.startsWith('{"level":')) console.error(line)
  })
  const lines = createInterface({ input: child.stdout })
  const [line] = await once(lines, 'line')
  return {
    port: Number(line),
    child,
    lines,
    async stop(signal, grace) {
      const began = performance.now()
      const exited = once(child, 'exit')
      child.kill(signal)
      const killer = setTimeout(() => child.kill('SIGKILL'), grace)
      const [code, killedBy] = await exited
      clearTimeout(killer)
      return { elapsed: performance.now() - began, how: killedBy ?? `code ${code}` }
    },
  }
}
