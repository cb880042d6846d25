import type { AnyHttpServer } from '../server.ts'

/**
 * Lets `hold` keep `close()` from closing the listener: where it returns true, nothing else happens, and
 * it is to call the callback. Only `closeNow()` passes it by. Done once for each server, and never
 * undone: other code may have wrapped `close()` since.
 * Relies on: other code closes a server by `close()` or `[Symbol.asyncDispose]()`, both replaced on the
 * server. For an HTTP/2 server in clear text the second doesn't call the first.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: other code closes the listener during the lame duck, and clients are refused.
 */
export function holdClose(
  server: AnyHttpServer,
  hold: (callback: CloseCallback | undefined) => boolean,
): void {
  if (heldServers().has(server)) return
  const original = server.close
  const held: HeldServer = {
    close: original.bind(server),
    listener: server.listening ? 'open' : 'not opened',
  }
  heldServers().set(server, held)
  server.on('listening', () => {
    held.listener = 'open'
  })
  function close(this: unknown, ...args: [callback?: CloseCallback]): unknown {
    const [callback] = args
    const isHeld = this === server && hold(typeof callback === 'function' ? callback : undefined)
    return isHeld ? server : Reflect.apply(original, this, args)
  }
  // Not enumerable, as in Node.
  const define = (name: PropertyKey, value: unknown) =>
    Object.defineProperty(server, name, { value, configurable: true, writable: true })
  define('close', close)
  const dispose = server[Symbol.asyncDispose]
  if (!dispose) return
  define(Symbol.asyncDispose, function disposeAsync(this: unknown) {
    return new Promise<unknown>((resolve) => {
      const isHeld = this === server && hold(() => resolve(undefined))
      if (!isHeld) resolve(Reflect.apply(dispose, this, []))
    })
  })
}

/** What `close()` of a server is called with. */
export type CloseCallback = (error?: Error) => unknown

/** A server whose `close()` is replaced. All copies of this package share it. Its shape never changes. */
interface HeldServer {
  /** What `close()` was before. */
  readonly close: (callback?: CloseCallback) => unknown
  listener: 'not opened' | 'open' | 'closed by lastcall'
}

const HELD = Symbol.for('lastcall.held-servers.v1')

/** Calls the server's own `close()`, which nothing holds. */
export function closeNow(server: AnyHttpServer, callback?: CloseCallback): void {
  const held = heldServers().get(server)
  if (held) held.close(callback)
  else server.close(callback)
}

/** Says that lastcall closes the listener. */
export function noteOwnClose(server: AnyHttpServer): void {
  const held = heldServers().get(server)
  if (held) held.listener = 'closed by lastcall'
}

/** Whether the listener was open once, and other code has closed it. */
export function isClosedByOthers(server: AnyHttpServer): boolean {
  return heldServers().get(server)?.listener === 'open' && !server.listening
}

function heldServers(): WeakMap<object, HeldServer> {
  const shared = globalThis as { [HELD]?: WeakMap<object, HeldServer> }
  shared[HELD] ??= new WeakMap()
  return shared[HELD]
}
