import { Agent } from 'undici'
import { placeOrders } from './clients/lane.ts'
import { Tally } from './clients/tally.ts'
import { Discovery } from './clients/through-etcd.ts'
import { Wrk, type WrkTally } from './clients/wrk.ts'

/** Clients that check each answer: through the balancer, and by what etcd tells them. */
const CHECKING = 12
const DISCOVERING = 4
/** Connections of wrk. */
const WRK = 8

/** All clients of a fleet. */
export class Load {
  readonly throughBalancer = new Tally()
  readonly throughEtcd = new Tally()
  readonly discovery: Discovery
  readonly #url: string
  readonly #over = new AbortController()
  readonly #agent = new Agent({ connections: CHECKING })
  #wrk: Wrk | undefined
  #lanes: Promise<void>[] = []

  constructor(url: string, etcd: string) {
    this.#url = url
    this.discovery = new Discovery(etcd, 'orders')
  }

  begin(): void {
    this.#wrk = new Wrk(this.#url, WRK)
    const balanced = () => ({ origin: this.#url, dispatcher: this.#agent })
    const { signal } = this.#over
    for (let index = 0; index < CHECKING; index++) {
      this.#lanes.push(placeOrders(`balanced-${index}`, balanced, this.throughBalancer, signal))
    }
    for (let index = 0; index < DISCOVERING; index++) {
      const { route } = this.discovery
      this.#lanes.push(placeOrders(`discovered-${index}`, route, this.throughEtcd, signal))
    }
  }

  async end(): Promise<WrkTally> {
    this.#over.abort()
    await Promise.all(this.#lanes)
    if (!this.#wrk) throw new Error('the load has not begun')
    return this.#wrk.stop()
  }

  /** Whether it has ended or not. */
  async abandon(): Promise<void> {
    this.#over.abort()
    this.#wrk?.kill()
    await this.discovery.close()
    await this.#agent.destroy()
  }

  /** The ids of all orders that were acknowledged to anybody. */
  get acknowledged(): Set<string> {
    return new Set([...this.throughBalancer.acknowledged, ...this.throughEtcd.acknowledged])
  }
}
