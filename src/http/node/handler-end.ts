/**
 * Calls back once a handler ends a response whose client has gone. A response that is destroyed, or
 * whose source no longer pipes into it, counts too: nobody will end it. The callback may not hold the
 * response: it would never be collected.
 * Relies on: handlers and frameworks call `end()` and `destroy()` of the response, which are replaced
 * here, and Node does not. No event tells: Node emits `finish` only while there is a client.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: the drain waits for the request until `goneClients` is over.
 */
export function onHandlerEnd(response: Endable, ended: () => void): void {
  for (const name of ['end', 'destroy'] as const) {
    const method = response[name]
    if (!method) continue
    response[name] = function (this: Endable, ...given: never[]) {
      this[name] = method
      try {
        return method.apply(this, given)
      } finally {
        ended()
      }
    }
  }
  response.once('unpipe', ended)
}

/** A response, or a stream of HTTP/2: what a handler ends. */
export interface Endable {
  end(...given: never[]): unknown
  destroy?(...given: never[]): unknown
  once(event: 'unpipe', listener: () => void): unknown
}
