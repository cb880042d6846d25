import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Finds the response that a socket is waiting for.
 * Relies on: Node keeps it in the socket's `_httpMessage`. It is only read here.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: a request that began before its server was passed in counts as received in part: its
 * connection is kept, but the report does not name it.
 */
export function responseOf(socket: Socket): ServerResponse | undefined {
  const { _httpMessage: response } = socket as { _httpMessage?: ServerResponse | null }
  return response && !response.writableFinished ? response : undefined
}
