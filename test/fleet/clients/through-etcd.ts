import { Etcd3, type Watcher } from 'etcd3'
import { Agent } from 'undici'
import type { Route } from './lane.ts'

/** Instances as etcd tells of them: for clients that choose one themselves, and ask nobody for readiness. */
export class Discovery {
  /** When each was gone from the registry, in order, by `performance.now()`. */
  readonly gone: { readonly name: string; readonly at: number }[] = []
  readonly #client: Etcd3
  readonly #prefix: string
  readonly #agent = new Agent()
  readonly #urls = new Map<string, string>()
  #watcher: Watcher | undefined
  #turn = 0

  constructor(hosts: string, prefix: string) {
    this.#client = new Etcd3({ hosts })
    this.#prefix = `${prefix}/`
  }

  /** Before any instance has registered. */
  async watch(): Promise<void> {
    const watcher = await this.#client.watch().prefix(this.#prefix).create()
    this.#watcher = watcher
    watcher.on('put', ({ key, value }) => void this.#urls.set(this.#nameOf(key), String(value)))
    watcher.on('delete', ({ key }) => {
      const name = this.#nameOf(key)
      this.#urls.delete(name)
      this.gone.push({ name, at: performance.now() })
    })
  }

  knows(name: string): boolean {
    return this.#urls.has(name)
  }

  readonly route: Route = () => {
    const urls = [...this.#urls.values()]
    const origin = urls[this.#turn++ % urls.length]
    if (!origin) throw new Error('etcd knows of no instance')
    return { origin, dispatcher: this.#agent }
  }

  async close(): Promise<void> {
    // An etcd that is gone doesn't answer, and a watcher asks it for ever.
    this.#watcher?.cancel().catch(() => {})
    this.#client.close()
    await this.#agent.destroy()
  }

  #nameOf(key: Buffer): string {
    return String(key).slice(this.#prefix.length)
  }
}
