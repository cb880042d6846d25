import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Backends } from './backends.ts'
import type { Balancer } from './balancers/balancer.ts'
import { HAProxy } from './balancers/haproxy.ts'
import { Nginx } from './balancers/nginx.ts'
import { Instance, type Life } from './instance.ts'
import { Load } from './load.ts'
import { freePorts } from './ports.ts'
import type { Replacement } from './replacement.ts'

/** How an instance ends. */
export type Way = 'lastcall' | 'server.close()'
const FOLDERS: Readonly<Record<Way, string>> = {
  lastcall: '../../examples/fleet/',
  'server.close()': './services/bare-',
}
const FRAMEWORKS = ['express', 'fastify']
const OF_EACH = 3

export interface FleetOptions {
  readonly way: Way
  readonly balancer: 'HAProxy' | 'nginx'
  /** Between two checks of HAProxy, in milliseconds: 200 unless told otherwise. */
  readonly interval?: number
  /** Between SIGTERM and SIGKILL, in milliseconds: 10,000 unless told otherwise, as with docker. */
  readonly grace?: number
}

/** Three instances with Express and three with Fastify, behind a load balancer. */
export class Fleet {
  readonly instances: readonly Instance[]
  readonly balancer: Balancer
  readonly load: Load
  /** Each that was replaced, in order. */
  readonly replacements: Replacement[] = []
  readonly #way: Way
  #isAbandoned = false

  private constructor(instances: readonly Instance[], balancer: Balancer, load: Load, way: Way) {
    this.instances = instances
    this.balancer = balancer
    this.load = load
    this.#way = way
  }

  static async of(backends: Backends, options: FleetOptions): Promise<Fleet> {
    const names = FRAMEWORKS.flatMap((framework) =>
      Array.from({ length: OF_EACH }, (_, index) => `${framework}-${index + 1}`),
    )
    const [front = 0, ...ports] = await freePorts(names.length + 1)
    const instances = names.map((name, index) => {
      return new Instance(
        name,
        ports[index] ?? 0,
        options.grace ?? 10_000,
        backends.environment(name),
      )
    })
    const balancer =
      options.balancer === 'nginx'
        ? new Nginx(front, instances)
        : new HAProxy(front, instances, options.interval ?? 200)
    const load = new Load(balancer.url, backends.etcd.url)
    return new Fleet(instances, balancer, load, options.way)
  }

  /** Resolves when all instances are found, by the balancer and in etcd. */
  async up(): Promise<void> {
    await this.balancer.started()
    await this.load.discovery.watch()
    await Promise.all(this.instances.map((instance) => this.start(instance)))
  }

  /** Resolves when it is found: by the balancer, and in etcd where that is there. */
  async start(
    instance: Instance,
    { file = this.#fileOf(instance), isFound = true } = {},
  ): Promise<void> {
    if (this.#isAbandoned) throw new Error('the fleet is taken down')
    await instance.start(file)
    const until = (done: Promise<void>) => Promise.race([done, tooLate(instance.name)])
    await until(this.balancer.takes(instance.name))
    if (isFound) await until(this.#isRegistered(instance.name))
  }

  /** Stops it as docker does, and starts another in its place. */
  async replace(instance: Instance): Promise<Life> {
    const { name } = instance
    const isBack = new AbortController()
    let droppedAt: number | undefined
    const dropped = this.balancer.drops(name, isBack.signal).then(() => {
      if (!isBack.signal.aborted) droppedAt = performance.now()
    })
    // It is asked for ever where it has gone itself.
    dropped.catch(() => {})
    const life = await instance.stop()
    const { gone } = this.load.discovery
    const left = gone.find((one) => one.name === name && one.at > life.signalledAt)
    await this.start(instance).finally(() => isBack.abort())
    const { startedAt, listensAt } = instance.life
    const takenAt = performance.now()
    const unregisteredAt = left?.at
    this.replacements.push({ name, life, droppedAt, unregisteredAt, startedAt, listensAt, takenAt })
    return life
  }

  async down(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop()))
    await this.balancer.stop()
  }

  /** What still runs is ended, whatever it is at. */
  async abandon(): Promise<void> {
    this.#isAbandoned = true
    for (const instance of this.instances) instance.kill()
    await Promise.all([this.load.abandon(), this.balancer.stop()])
  }

  #fileOf({ name }: Instance): string {
    const file = `${FOLDERS[this.#way]}${name.replace(/-\d+$/, '')}.ts`
    return fileURLToPath(new URL(file, import.meta.url))
  }

  async #isRegistered(name: string): Promise<void> {
    while (!this.#isAbandoned && !this.load.discovery.knows(name)) await sleep(10)
  }
}

/** Longer than this, in milliseconds, no start takes, on the busiest machine. */
const LONGEST_START = 60_000

async function tooLate(name: string): Promise<never> {
  await sleep(LONGEST_START, undefined, { ref: false })
  throw new Error(`${name} was not found in ${LONGEST_START / 1000} s`)
}
