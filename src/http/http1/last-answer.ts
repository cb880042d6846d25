import type { ServerResponse } from 'node:http'

/**
 * Makes an answer say `Connection: close`, if `isLast` says so when its head is written: not
 * earlier, for more requests may have come in by then, and a proxy may have copied a header of its
 * upstream's. `said` is called when it has been.
 */
export function sayCloseIf(
  response: ServerResponse,
  isLast: () => boolean,
  said: () => void = () => {},
): void {
  if (response.headersSent) return
  const { writeHead } = response
  const deciding = function (this: ServerResponse, ...head: unknown[]) {
    const last = isLast()
    response.writeHead = writeHead
    try {
      writeHead.apply(response, (last ? sayClose(response, head) : head) as never)
    } catch (error) {
      // Refused, a bad header for example: the application will write another one.
      response.writeHead = deciding
      throw error
    }
    if (last) said()
    return response
  } as typeof writeHead
  response.writeHead = deciding
}

/** Where headers are handed to writeHead(), they win over those that were set, and arrays over all. */
function sayClose(response: ServerResponse, head: unknown[]): unknown[] {
  const handedIn = head.some((part) => typeof part === 'object' && part !== null)
  if (!handedIn || response.hasHeader('connection')) response.setHeader('Connection', 'close')
  return head.map(withClose)
}

function withClose(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part
  if (!Array.isArray(part)) {
    const others = Object.entries(part).filter(([name]) => !isConnection(name))
    return { ...Object.fromEntries(others), Connection: 'close' }
  }
  // Pairs as Node takes them from version 20 on in practice: [name, value, …] or [[name, value], …].
  if (Array.isArray(part[0])) {
    return [...part.filter(([name]) => !isConnection(name)), ['Connection', 'close']]
  }
  return [
    ...part.filter((_, index) => !isConnection(part[index - (index % 2)])),
    'Connection',
    'close',
  ]
}

function isConnection(name: unknown): boolean {
  return String(name).toLowerCase() === 'connection'
}
