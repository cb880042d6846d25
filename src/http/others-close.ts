import type { HookContext } from '../engine/hook.ts'
import { type SharedHooks, sharedHooks, stageOf } from '../runtime/shared-hooks.ts'
import { type CloseCallback, closeNow, holdClose, isClosedByOthers } from './node/hold-close.ts'
import type { AnyHttpServer } from './server.ts'

/**
 * During a shutdown, holds each `close()` of other code until the server's own hook closes the listener.
 * The callback gets no error. Given by a listener of what began the shutdown, it is called when the last
 * hook has ended: most of them end the process. Given by a hook, or by a listener that had waited for the
 * last hook to end, it is called when Node would call it.
 */
export function holdOthersClose(server: AnyHttpServer): void {
  holdClose(server, (callback) => {
    const shared = sharedHooks()
    const stage = stageOf(shared)
    if (stage === 'no shutdown') return false
    if (stage === 'listeners') afterLastHook(server, shared, callback)
    else if (stage === 'others') {
      if (server.listening) closeNow(server, callback)
      else if (callback) whenClosed(server, callback)
    } else {
      if (callback) whenClosed(server, callback)
      if (server.listening) afterLastHook(server, shared)
    }
    return true
  })
}

/** Where no hook has closed the listener by then, `close()` does. */
function afterLastHook(
  server: AnyHttpServer,
  { callbacks }: SharedHooks,
  callback?: CloseCallback,
): void {
  callbacks.push(() => (server.listening ? closeNow(server, callback) : callback?.()))
}

/** Calls back when the listener and the last connection are closed, also where they are closed already. */
function whenClosed(server: AnyHttpServer, callback: CloseCallback): void {
  const call = () => {
    server.off('close', call)
    callback()
  }
  server.on('close', call)
  if (server.listening) return
  server.getConnections((_, count) => {
    // Unless it has been called meanwhile.
    if (count === 0 && server.listeners('close').includes(call)) call()
  })
}

/** Puts it into the report that other code has closed the listener, by a way that is not held. */
export function noteEarlyClose(server: AnyHttpServer, { note }: HookContext): void {
  if (!isClosedByOthers(server)) return
  note('other code had closed the listener early: clients that connected since were refused')
}
