import { setTimeout as sleep } from 'node:timers/promises'
import type { Shutdown } from 'lastcall'
import { Backends } from './backends.ts'
import { Fleet, type FleetOptions } from './fleet.ts'
import type { Life } from './instance.ts'
import type { Outcome } from './outcome.ts'

/** How long the fleet is under load before and after, in milliseconds. */
const SETTLES = 1000

/**
 * Brings a fleet up under load, has `change` change it, and counts what is lost. Whoever ends the whole
 * in the middle of it, with a Ctrl-C, leaves nothing running.
 */
export async function underLoad(
  options: FleetOptions,
  change: (fleet: Fleet, backends: Backends) => Promise<readonly Life[]>,
  shutdown: Pick<Shutdown, 'add'>,
): Promise<Outcome> {
  const backends = new Backends()
  const fleet = await Fleet.of(backends, options)
  const { load, balancer } = fleet
  let over: Promise<void> | undefined
  const abandon = () => {
    over ??= fleet.abandon().finally(() => backends.stop())
    return over
  }
  const takeBack = shutdown.add({ name: 'fleet', phase: 'stop', run: abandon })
  try {
    await backends.up()
    await fleet.up()
    load.begin()
    await sleep(SETTLES)
    const lives = await change(fleet, backends)
    await sleep(SETTLES)
    const wrk = await load.end()
    // Those that were not replaced send what they have: only what is lost by a restart counts.
    await sleep(SETTLES)
    const retries = await balancer.retries()
    const complaints = balancer.complaints()
    await fleet.down()
    const orders = await backends.orders()
    const { ids: events, repeated } = await backends.events()
    const { acknowledged, throughBalancer, throughEtcd } = load
    const missing = (found: Set<string>) => [...acknowledged].filter((id) => !found.has(id)).length
    return {
      ...options,
      checks: balancer.checks,
      lives,
      replacements: fleet.replacements,
      throughBalancer,
      throughEtcd,
      wrk,
      retries,
      complaints,
      acknowledged: acknowledged.size,
      lostInPostgres: missing(orders),
      lostInRedis: missing(events),
      repeated,
    }
  } finally {
    await abandon()
    takeBack()
  }
}

/** Replaces every instance in turn, so many times. */
export async function restartInTurn(
  fleet: Fleet,
  rounds: number,
  tell: (done: number, all: number) => void = () => {},
): Promise<Life[]> {
  const lives: Life[] = []
  for (let round = 0; round < rounds; round++) {
    for (const instance of fleet.instances) {
      lives.push(await fleet.replace(instance))
      tell(lives.length, rounds * fleet.instances.length)
    }
  }
  return lives
}
