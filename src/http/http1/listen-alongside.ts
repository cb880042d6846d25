import type { AnyHttpServer } from '../server.ts'

/**
 * Listens to events of a server only while the application does, and ahead of it. Node treats a
 * request differently where these events have listeners, so ours must not be the only one.
 */
export function listenAlongside(
  server: AnyHttpServer,
  events: readonly string[],
  listener: (...args: never[]) => void,
): void {
  const follow = (event: string | symbol) => {
    if (typeof event !== 'string' || !events.includes(event)) return
    const listeners = server.listeners(event)
    const isListening = listeners.includes(listener)
    if (!isListening && listeners.length > 0) server.prependListener(event, listener as () => void)
    if (isListening && listeners.length === 1) server.off(event, listener as () => void)
  }
  for (const event of events) follow(event)
  server.on('newListener', (event, added) => {
    // Emitted before it is added.
    if (added !== listener) queueMicrotask(() => follow(event))
  })
  server.on('removeListener', (event, removed) => {
    if (removed !== listener) follow(event)
  })
}
