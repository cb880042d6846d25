/** When a new client last came: a lame duck waits until none does. */
export class Arrivals {
  /** When a client last sent its first request, probes left out. */
  last = Number.NEGATIVE_INFINITY

  constructor(public isProbe: (request: object) => boolean) {}

  note(request: object, now: number): void {
    // Whether it is a probe is known only once its handler has run.
    queueMicrotask(() => {
      if (!this.isProbe(request)) this.last = now
    })
  }
}
