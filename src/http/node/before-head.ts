import type { ServerResponse } from 'node:http'

/**
 * Changes the head of a response at the moment when it is written.
 *
 * Relies on: Node writes each head through `response.writeHead()`, also where the application calls
 * only `write()` or `end()`. It is replaced on the response until the head is written.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: the head is not changed. Its connection is then closed once it has been silent.
 *
 * @param change is given the arguments of `writeHead()`, and returns those to use
 * @param onWritten called when Node has taken them
 */
export function beforeHead(
  response: ServerResponse,
  change: (head: unknown[]) => unknown[],
  onWritten: () => void,
): void {
  const { writeHead } = response
  const changing = function (this: ServerResponse, ...head: unknown[]) {
    response.writeHead = writeHead
    try {
      writeHead.apply(response, change(head) as never)
    } catch (error) {
      // Node refused it, for a bad header for example: the application will write another one.
      response.writeHead = changing
      throw error
    }
    onWritten()
    return response
  } as typeof writeHead
  response.writeHead = changing
}
