/** A response, or a stream of HTTP/2: what a handler ends. */
export interface Endable {
  end(...given: never[]): unknown
}

/**
 * Calls back once a handler ends a response whose client has gone. The callback may not hold the
 * response: it would never be collected.
 * Relies on: handlers and frameworks end a response through its `end()`, which is replaced here. No
 * event tells: Node emits `finish` only while there is a client.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: the drain waits for the request until `goneClients` is over.
 */
export function onHandlerEnd(response: Endable, ended: () => void): void {
  const { end } = response
  response.end = function (this: Endable, ...given: never[]) {
    this.end = end
    try {
      return end.apply(this, given)
    } finally {
      ended()
    }
  }
}
