import type { ServerResponse } from 'node:http'

/**
 * Makes an answer say `Connection: close`, if `isLast` says so when its head is written: not
 * earlier, for more requests may have come in by then, and a proxy may have copied a header of its
 * upstream's.
 */
export function sayCloseIf(response: ServerResponse, isLast: () => boolean): void {
  if (response.headersSent) return
  const { writeHead } = response
  response.writeHead = function (this: ServerResponse, ...head: unknown[]) {
    response.writeHead = writeHead
    if (isLast()) {
      response.setHeader('Connection', 'close')
      head = head.map(withoutConnection)
    }
    return writeHead.apply(response, head as Parameters<typeof writeHead>)
  } as typeof writeHead
}

/** The headers that were handed to writeHead() would win over ours. */
function withoutConnection(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part
  if (!Array.isArray(part)) {
    return Object.fromEntries(Object.entries(part).filter(([name]) => !isConnection(name)))
  }
  if (Array.isArray(part[0])) return part.filter(([name]) => !isConnection(name))
  return part.filter((_, index) => !isConnection(part[index - (index % 2)]))
}

function isConnection(name: unknown): boolean {
  return String(name).toLowerCase() === 'connection'
}
