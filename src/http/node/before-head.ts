import type { ServerResponse } from 'node:http'

/**
 * Changes the head of a response as it is written. `onHead` gets the arguments of `writeHead()` and
 * calls `write` with those to use. `write` returns once Node has taken them.
 * Relies on: Node writes each head through `response.writeHead()`, replaced here until that is done.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: the head is not changed, and the connection is closed after a silence.
 */
export function beforeHead(
  response: ServerResponse,
  onHead: (head: unknown[], write: (head: unknown[]) => void) => void,
): void {
  const { writeHead } = response
  const replaced = function (this: ServerResponse, ...head: unknown[]) {
    response.writeHead = writeHead
    try {
      onHead(head, (changed) => writeHead.apply(response, changed as never))
    } catch (error) {
      // Node refused the head, such as a bad header: the application may write another.
      response.writeHead = replaced
      throw error
    }
    return response
  } as typeof writeHead
  response.writeHead = replaced
}
