import type { EventEmitter } from 'node:events'

/**
 * Sees events of a server before their listeners do.
 *
 * Relies on: Node emits a server's events through `server.emit()`, which is replaced on this one
 * server while it is drained.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: listeners get the events at once, as if there were no drain. A late request is served
 * in place of a 503, and only its connection's last response still says close.
 */

/**
 * Decides what happens to an event. `pass()` gives it to the listeners, now, later or never, and
 * returns whether there were any. `emit()` returns what the interceptor returns.
 */
export type Interceptor = (pass: () => boolean, ...args: never[]) => boolean

/**
 * Hands events of a server to these interceptors first. Each event is intercepted once: the
 * application may emit it anew, for example to hand a request from `checkContinue` to `request`.
 *
 * @returns undoes it
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
    // Two events differ in their first argument, the request or the stream. The second may be the
    // socket, which the requests of a pipeline share.
    if (isOver || !interceptor || seen.has(first as object)) return emit.apply(this, event)
    seen.add(first as object)
    return interceptor(() => emit.apply(this, event), first as never, second as never)
  }
  server.emit = intercepted
  return () => {
    isOver = true
    // Other code may have wrapped it since, and calls ours.
    if (server.emit !== intercepted) return
    if (own) Object.defineProperty(server, 'emit', own)
    else delete (server as Partial<EventEmitter>).emit
  }
}
