/** When somebody new last came: a lame duck waits until nobody does. */
export class Arrivals {
  /** When a client last sent its first request, probes left out. */
  last = Number.NEGATIVE_INFINITY

  constructor(public isProbe: (request: object) => boolean) {}

  note(request: object, now: number): void {
    // The handler, which comes after this, knows whether it is a probe.
    queueMicrotask(() => {
      if (!this.isProbe(request)) this.last = now
    })
  }
}
