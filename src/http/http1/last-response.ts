import type { ServerResponse } from 'node:http'
import { beforeHead } from '../node/before-head.ts'

/**
 * Adds `Connection: close` if `isLast()` when the head is written, then calls `onSaid`. Not earlier:
 * more requests may come in, or a proxy may copy its upstream's header.
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

/** Headers passed to writeHead(), object or array, win over headers set before. */
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
  // From version 20 on Node takes both shapes: [name, value, …] and [[name, value], …].
  if (Array.isArray(part[0])) {
    return [...part.filter(([name]) => !isConnection(name)), ['Connection', 'close']]
  }
  const others = part.filter((_, index) => !isConnection(part[index - (index % 2)]))
  return [...others, 'Connection', 'close']
}

function isConnection(name: unknown): boolean {
  return String(name).toLowerCase() === 'connection'
}
