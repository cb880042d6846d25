import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../test/fleet/ports.ts'
import type { PoolKind } from './kinds.ts'
import { PoolLoad } from './load.ts'

/** An instance keeps a silent connection for so long, in milliseconds: longer than a stop takes. */
export const KEEP_ALIVE = 60_000
/** How long before the signal the requests at random begin, in milliseconds. */
const LEAST_BEFORE = 200
const MOST_BEFORE = 1200
/** How long they go on when the instance is back. */
const AFTER = 500

/** A service in a process of its own, however it ends. */
export interface Instance {
  stop(): Promise<{ readonly elapsed: number; readonly how: string }>
  kill(): void
}

/** What came of one stop. */
export interface PoolStop extends Pick<PoolLoad, 'sent' | 'unavailable' | 'refused' | 'lost'> {
  /** How many connections the instance had when it got the signal. */
  readonly kept: number
  /** From the signal to the exit, in milliseconds. */
  readonly elapsed: number
  /** `code 0`, or `killed at 10 s`. */
  readonly how: string
}

/**
 * Fills a pool by a burst, uses it at random moments, and stops an instance. Behind a balancer another
 * one takes its port, as in a rolling restart.
 */
export async function stopBeforePool(
  kind: PoolKind,
  start: (port: number) => Promise<Instance>,
): Promise<PoolStop> {
  const [front = 0, ...ports] = await freePorts(1 + kind.instances)
  const instances = await Promise.all(ports.map(start))
  const [stopped] = instances as [Instance, ...Instance[]]
  const [port] = ports as [number, ...number[]]
  try {
    const pool = await kind.open(ports, front)
    const load = new PoolLoad(pool.send)
    try {
      await load.fill(kind.size)
      load.begin()
      await sleep(LEAST_BEFORE + Math.random() * (MOST_BEFORE - LEAST_BEFORE))
      const kept = connectionsTo(port)
      const exit = await stopped.stop()
      if (kind.instances > 1) {
        instances.push(await start(port))
        await sleep(AFTER)
      }
      await load.end()
      const { sent, unavailable, refused, lost } = load
      return { sent, unavailable, refused, lost, kept, ...exit }
    } finally {
      load.stop()
      await pool.close()
    }
  } finally {
    for (const instance of instances) instance.kill()
  }
}

const ESTABLISHED = '01'

/** How many connections a server has that listens on 127.0.0.1: what the kernel of Linux says. */
function connectionsTo(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n')
  return lines.filter((line) => {
    const [, address = '', , state] = line.trim().split(/\s+/)
    return address.endsWith(local) && state === ESTABLISHED
  }).length
}
