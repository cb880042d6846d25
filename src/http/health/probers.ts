import type { Clock } from '../../runtime/clock.ts'

/** What is known of one prober. Times are in milliseconds. */
interface Prober {
  lastAt: number
  /** Between its last two probes; infinite after the first one. */
  interval: number
  /** How often it has been answered with 503. */
  notified: number
}

/** A prober that asks less often than every 10 s is a monitor, not a balancer. */
const LONGEST_INTERVAL = 10_500

/** Probers are few. More addresses than this come from a port scan, or from a proxy that rotates them. */
const MOST_ADDRESSES = 64

/** The clients that ask for readiness again and again, by their address. */
export class Probers {
  readonly #listeners = new Set<() => void>()
  readonly #byAddress = new Map<string, Prober>()

  constructor(readonly clock: Clock) {}

  countProbe(address = ''): void {
    const lastAt = this.clock.now()
    const known = this.#byAddress.get(address)
    if (!known && this.#byAddress.size >= MOST_ADDRESSES) this.#byAddress.clear()
    // A single request is no probing: a person may have looked by hand.
    const interval = known ? lastAt - known.lastAt : Number.POSITIVE_INFINITY
    this.#byAddress.set(address, { lastAt, interval, notified: known?.notified ?? 0 })
  }

  countNotified(address = ''): void {
    const known = this.#byAddress.get(address)
    if (known) known.notified++
    for (const listener of this.#listeners) listener()
  }

  /** Calls back whenever a prober is answered with 503. Returns a function that removes the listener. */
  onNotified(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** When each prober counts as gone that still needs 503s and can get `times` in `within`. */
  notYetNotified(times: number, within: number): number[] {
    return this.#present()
      .filter(({ interval, notified }) => notified < times && interval * times <= within)
      .map(goneAt)
  }

  /** The longest interval of a prober too slow for that; monitors are left out. */
  tooSeldom(times: number, within: number): number | undefined {
    const slow = this.#present()
      .map(({ interval }) => interval)
      .filter((interval) => interval * times > within && interval <= LONGEST_INTERVAL)
    return slow.length > 0 ? Math.max(...slow) : undefined
  }

  #present(): Prober[] {
    const now = this.clock.now()
    return [...this.#byAddress.values()].filter((prober) => now < goneAt(prober))
  }
}

/** A prober is gone after three intervals, at least a second, without a probe. */
const goneAt = ({ lastAt, interval }: Prober): number => lastAt + Math.max(3 * interval, 1000)
