/**
 * Calls back once a handler ends a response whose client has gone. A response that is destroyed, or
 * whose source no longer pipes into it, counts too: no code will end it. The callback may not hold the
 * response: it would never be collected.
 * Relies on: handlers and frameworks call `end()` and `destroy()` of the response, which are replaced
 * here. No event tells: Node emits `finish` only while there is a client. Node destroys a response at
 * most once, from Node 24 on one that waited for an earlier response on its connection.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: the drain waits for the request until `goneClients` is over.
 */
export function onHandlerEnd(response: Endable, ended: () => void): void {
  const { end, destroy } = response
  response.end = function (this: Endable, ...given: never[]) {
    this.end = end
    try {
      return end.apply(this, given)
    } finally {
      ended()
    }
  }
  if (destroy) {
    response.destroy = function (this: Endable, ...given: never[]) {
      if (this.destroyed) ended()
      return destroy.apply(this, given)
    }
  }
  response.once('unpipe', ended)
}

/** A response, or a stream of HTTP/2: what a handler ends. */
export interface Endable {
  end(...given: never[]): unknown
  readonly destroyed?: boolean
  destroy?(...given: never[]): unknown
  once(event: 'unpipe', listener: () => void): unknown
}
