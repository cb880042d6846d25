import { fork } from 'node:child_process'
import { on } from 'node:events'
import { fileURLToPath } from 'node:url'

type Message = { ready?: true; problem?: string; closedAt?: string }

/** Many idle clients, in a process of their own: bench/crowd.mjs. */
export interface Crowd {
  /** When the last connection was closed, by `process.hrtime.bigint()`. */
  allClosed(): Promise<bigint>
  leave(): void
}

/** Resolves when every client has had its answer. */
export async function openCrowd(port: number, count: number): Promise<Crowd> {
  const path = fileURLToPath(new URL('crowd.mjs', import.meta.url))
  const child = fork(path, [String(port), String(count)], { execArgv: [] })
  const gone = new AbortController()
  child.once('exit', () => gone.abort(new Error(`the process of ${count} clients has ended`)))
  const messages = on(child, 'message', { signal: gone.signal })
  const next = async (): Promise<Message> => (await messages.next()).value?.[0]
  const { problem } = await next()
  if (problem) {
    child.disconnect()
    throw new Error(`${count} clients: ${problem}`)
  }
  return {
    async allClosed() {
      const { closedAt = '' } = await next()
      return BigInt(closedAt)
    },
    leave: () => child.disconnect(),
  }
}
