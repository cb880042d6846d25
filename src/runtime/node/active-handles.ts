/**
 * The objects of the process that keep its event loop going: its sockets, servers and pipes.
 * Relies on: `process._getActiveHandles()`, which is undocumented.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: an empty list. WebSockets that were opened before their server was passed in are not known.
 */
export function activeHandles(): readonly object[] {
  const { _getActiveHandles: list } = process as { _getActiveHandles?: () => object[] }
  return typeof list === 'function' ? list.call(process) : []
}
