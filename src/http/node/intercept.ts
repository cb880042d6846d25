import type { EventEmitter } from 'node:events'

/**
 * Hands a server's events to interceptors before the listeners. Returns a function that undoes it.
 * Each request is intercepted once: `checkContinue` may pass it on to `request`.
 * Relies on: Node emits a server's events through `server.emit()`, replaced here until it is undone.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: late requests are served in place of a 503. The last response still says close.
 */
export function intercept(
  server: EventEmitter,
  interceptors: Readonly<Record<string, Interceptor>>,
): () => void {
  const own = Object.getOwnPropertyDescriptor(server, 'emit')
  const emit = server.emit as (...event: unknown[]) => boolean
  const seen = new WeakSet<object>()
  let isOver = false
  const intercepted = function (this: unknown, ...event: unknown[]): boolean {
    const [name, first, second] = event
    const interceptor = Object.hasOwn(interceptors, name as string)
      ? interceptors[name as string]
      : undefined
    // The first argument, the request or the stream, identifies the event. The second may be a
    // socket, which pipelined requests share.
    if (isOver || !interceptor || seen.has(first as object)) return emit.apply(this, event)
    seen.add(first as object)
    return interceptor(() => emit.apply(this, event), first as never, second as never)
  }
  server.emit = intercepted
  return () => {
    isOver = true
    // Other code may have wrapped ours, and still calls it.
    if (server.emit !== intercepted) return
    if (own) Object.defineProperty(server, 'emit', own)
    else delete (server as Partial<EventEmitter>).emit
  }
}

/** Calls `pass()` to give an event to the listeners, now, later or never. Its result is that of `emit()`. */
export type Interceptor = (pass: () => boolean, ...args: never[]) => boolean
