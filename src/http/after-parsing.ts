import type { IncomingMessage, Server, ServerResponse } from 'node:http'

const REQUESTS: readonly unknown[] = ['request', 'checkContinue', 'checkExpectation']

/**
 * Hands requests to their handlers only once everything that was read with them has been parsed.
 * Otherwise a handler that answers at once would do so before the next request of a pipeline is
 * known, and only the last of them may say close.
 *
 * @param admit sees each request at once; false where it must not be worked on
 * @returns a way to take it back
 */
export function handleAfterParsing(
  server: Server,
  admit: (request: IncomingMessage, response: ServerResponse) => boolean,
): () => void {
  const own = Object.getOwnPropertyDescriptor(server, 'emit')
  const emit = server.emit as (...event: unknown[]) => boolean
  const later = function (this: Server, ...event: unknown[]): boolean {
    const [name, request, response] = event
    if (!REQUESTS.includes(name) || handedOn.has(response as ServerResponse)) {
      return emit.apply(this, event)
    }
    handedOn.add(response as ServerResponse)
    if (admit(request as IncomingMessage, response as ServerResponse)) {
      // Microtasks run when the parser is through with all that was read.
      queueMicrotask(() => emit.apply(server, event))
    }
    return true
  }
  // An application may hand a request from one of the events to another: at once, as it is used to.
  const handedOn = new WeakSet<ServerResponse>()
  server.emit = later as Server['emit']
  return () => {
    if (server.emit !== later) return
    if (own) Object.defineProperty(server, 'emit', own)
    else delete (server as Partial<Server>).emit
  }
}
