import { fileURLToPath } from 'node:url'
import type { Backends } from './backends.ts'
import type { Fleet, FleetOptions } from './fleet.ts'
import type { Instance, Life } from './instance.ts'

/** Something that goes wrong while an instance is replaced, or all are. */
export interface Fault extends Pick<FleetOptions, 'interval' | 'grace'> {
  readonly name: string
  /** The codes that an instance may leave with, for the truth to be told. */
  readonly codes: readonly (number | NodeJS.Signals)[]
  /** Whether requests may fail through HAProxy. */
  readonly mayFail?: true
  /** Whether events that were acknowledged, and wait in memory for Redis, are lost with it. */
  readonly losesEvents?: true
  happen(fleet: Fleet, backends: Backends): Promise<readonly Life[]>
}

/** The instance that it happens to. */
const first = ({ instances: [instance] }: Fleet): Instance => instance as Instance

/** Replaces the service by one of another program, and that by the service again. */
async function replacedBy(name: string, fleet: Fleet): Promise<Life[]> {
  const instance = first(fleet)
  await instance.stop()
  await fleet.start(instance, { file: fileURLToPath(new URL(`services/${name}`, import.meta.url)) })
  return [await fleet.replace(instance)]
}

/** Stops it while something that it needs answers nobody, and starts it again when that goes on. */
async function replacedWhilePaused(
  server: { pause(): void; goOn(): void },
  fleet: Fleet,
): Promise<Life[]> {
  const instance = first(fleet)
  server.pause()
  const life = await instance.stop()
  server.goOn()
  await fleet.start(instance)
  return [life]
}

async function replaceAll(fleet: Fleet): Promise<Life[]> {
  const lives: Life[] = []
  for (const instance of fleet.instances) lives.push(await fleet.replace(instance))
  return lives
}

export const FAULTS: readonly Fault[] = [
  { name: 'a hook hangs', codes: [124], happen: (fleet) => replacedBy('hangs.ts', fleet) },
  {
    name: 'an uncaught exception while it drains',
    codes: [1],
    happen: (fleet) => replacedBy('crashes.ts', fleet),
  },
  {
    name: 'SIGKILL while it drains',
    codes: ['SIGKILL'],
    mayFail: true,
    losesEvents: true,
    async happen(fleet) {
      const instance = first(fleet)
      const stopped = instance.stop()
      // Before it is told that this one is over, the drain has begun.
      await instance.reports('"hook":"etcd"')
      instance.kill()
      const life = await stopped
      await fleet.start(instance)
      return [life]
    },
  },
  {
    name: 'etcd is killed before the third of six is replaced',
    codes: [0, 1],
    async happen(fleet, { etcd }) {
      const lives: Life[] = []
      for (const [index, instance] of fleet.instances.entries()) {
        if (index === 2) await etcd.kill()
        lives.push(await instance.stop())
        await fleet.start(instance, { isFound: index < 2 })
      }
      return lives
    },
  },
  {
    name: 'etcd stops answering',
    codes: [1],
    happen: (fleet, { etcd }) => replacedWhilePaused(etcd, fleet),
  },
  {
    name: 'Redis stops answering, until after the flush',
    codes: [124],
    happen: (fleet, { redis }) => replacedWhilePaused(redis, fleet),
  },
  {
    name: 'PostgreSQL stops answering for 3 s of the drain',
    codes: [0],
    async happen(fleet, { postgres }) {
      const instance = first(fleet)
      const stopped = instance.stop()
      postgres.pause()
      setTimeout(() => postgres.goOn(), 3000)
      const life = await stopped
      await fleet.start(instance)
      return [life]
    },
  },
  {
    name: 'HAProxy checks every 2 s',
    codes: [0],
    mayFail: true,
    interval: 2000,
    happen: replaceAll,
  },
  {
    name: 'HAProxy checks every 2 s, and the grace is 30 s',
    codes: [0],
    interval: 2000,
    grace: 30_000,
    happen: replaceAll,
  },
]
