import type { AbortError } from '../base/errors.ts'
import type { Clock } from '../runtime/clock.ts'
import { GoneRequests } from './gone-requests.ts'

/** What the connections and sessions of a server have in common. */
export class ServerState {
  /** When a new connection last sent a request, probes excluded. A lame duck waits until none does. */
  lastArrivalAt = Number.NEGATIVE_INFINITY
  /** Set once the drain has asked all handlers to finish: `requestSignal()` aborts with it. */
  abortReason: AbortError | undefined
  readonly gone: GoneRequests

  constructor(
    readonly clock: Clock,
    public isProbe: (request: object) => boolean,
  ) {
    this.gone = new GoneRequests(clock)
  }

  noteArrival(request: object, now: number): void {
    // The handler marks probes, so check once it has run.
    queueMicrotask(() => {
      if (!this.isProbe(request)) this.lastArrivalAt = now
    })
  }
}
