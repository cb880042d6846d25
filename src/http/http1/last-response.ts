import type { ServerResponse } from 'node:http'
import { beforeHead } from '../node/before-head.ts'

/**
 * Makes a response say `Connection: close` if `isLast()` when its head is written: until then more
 * requests may come in, or a proxy copy its upstream's header. Then calls `onSaid`.
 */
export function sayCloseIf(
  response: ServerResponse,
  isLast: () => boolean,
  onSaid: () => void,
): void {
  if (response.headersSent) return
  beforeHead(response, (head, write) => {
    const saysClose = isLast()
    write(saysClose ? sayClose(response, head) : head)
    if (saysClose) onSaid()
  })
}

/** Headers that writeHead() is given win over those that were set, and arrays over all. */
function sayClose(response: ServerResponse, head: unknown[]): unknown[] {
  const hasHeaders = head.some((part) => typeof part === 'object' && part !== null)
  if (!hasHeaders || response.hasHeader('connection')) response.setHeader('Connection', 'close')
  return head.map(withClose)
}

function withClose(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part
  if (!Array.isArray(part)) {
    const others = Object.entries(part).filter(([name]) => !isConnection(name))
    return { ...Object.fromEntries(others), Connection: 'close' }
  }
  // From version 20 on Node takes pairs in both shapes: [name, value, …] or [[name, value], …].
  if (Array.isArray(part[0])) {
    return [...part.filter(([name]) => !isConnection(name)), ['Connection', 'close']]
  }
  const others = part.filter((_, index) => !isConnection(part[index - (index % 2)]))
  return [...others, 'Connection', 'close']
}

function isConnection(name: unknown): boolean {
  return String(name).toLowerCase() === 'connection'
}
