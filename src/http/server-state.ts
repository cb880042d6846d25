import type { AbortError } from '../base/errors.ts'
import type { Clock } from '../runtime/clock.ts'

/** What the connections and sessions of a server have in common. */
export class ServerState {
  /** When a client last sent its first request, probes left out. A lame duck waits until none does. */
  lastArrivalAt = Number.NEGATIVE_INFINITY
  /** Set once the drain has asked all handlers to come to an end: `requestSignal()` aborts with it. */
  abortReason: AbortError | undefined

  constructor(
    readonly clock: Clock,
    public isProbe: (request: object) => boolean,
  ) {}

  noteArrival(request: object, now: number): void {
    // Whether it is a probe is known only once its handler has run.
    queueMicrotask(() => {
      if (!this.isProbe(request)) this.lastArrivalAt = now
    })
  }
}
