import type { EventEmitter } from 'node:events'

/**
 * What becomes of an event: `pass` gives it to the listeners, now, later or never, and says whether
 * there were any. What an interceptor returns is what `emit()` does.
 */
export type Interceptor = (pass: () => boolean, ...args: never[]) => boolean

/**
 * Sees events of a server before their listeners do, and decides when those shall have them. An
 * event that has been passed on is not seen again, though the application may emit it anew, for
 * example to hand a request from `checkContinue` to `request`.
 *
 * @returns a way to take it back
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
    // A pipeline's requests share their socket, and an upgrade's second argument is one: the
    // request, or the stream, is what tells two events apart.
    if (isOver || !interceptor || seen.has(first as object)) return emit.apply(this, event)
    seen.add(first as object)
    return interceptor(() => emit.apply(this, event), first as never, second as never)
  }
  server.emit = intercepted
  return () => {
    isOver = true
    // Somebody else may have wrapped it since, and theirs calls ours.
    if (server.emit !== intercepted) return
    if (own) Object.defineProperty(server, 'emit', own)
    else delete (server as Partial<EventEmitter>).emit
  }
}
