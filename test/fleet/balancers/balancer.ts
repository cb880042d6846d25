import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where an instance is reached. */
export interface Backend {
  readonly name: string
  readonly port: number
}

/** A load balancer before a fleet. */
export interface Balancer {
  readonly name: string
  /** How it finds out that an instance leaves. */
  readonly checks: string
  readonly url: string
  started(): Promise<void>
  /** Resolves when it sends requests to that instance. */
  takes(backend: string): Promise<void>
  /** Resolves when it doesn't any more; where that can't be known, or doesn't come, when the signal aborts. */
  drops(backend: string, signal: AbortSignal): Promise<void>
  /** How often it tried an instance and had to take another one: what its clients were spared. */
  retries(): Promise<number>
  /** What it says of requests that it could not hand on, where it says anything. */
  complaints(): string[]
  stop(): Promise<void>
}

/**
 * A file of examples/fleet/ with the ports of this fleet in place of its own: 3000, 3001, …; without the
 * lines of instances that this fleet doesn't have.
 */
export function configured(file: string, port: number, backends: readonly Backend[]): string {
  const text = readFileSync(new URL(`../../../examples/fleet/${file}`, import.meta.url), 'utf8')
  const ports = [port, ...backends.map((backend) => backend.port)]
  return text.replace(/^.*127\.0\.0\.1:30(\d\d).*\n/gm, (line, index) => {
    const own = ports[Number(index)]
    return own === undefined ? '' : line.replace(`:30${index}`, `:${own}`)
  })
}

/** Resolves when something listens there. */
export async function listensOn(port: number, ended: Promise<unknown>): Promise<void> {
  let isOver = false
  ended.finally(() => {
    isOver = true
  })
  while (!isOver) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await sleep(20)
    } finally {
      socket.destroy()
    }
  }
  throw new Error(`ended before it listened on ${port}: ${JSON.stringify(await ended)}`)
}
