import { countAsReference } from './node/ipc-channel.ts'

// Every copy of this package, of whichever version, uses this symbol. What stands behind it never changes.
const LISTENERS = Symbol.for('lastcall.listeners.v1')

/** The listeners that a copy of this package has added to `process`. */
function ourListeners(): WeakSet<object> {
  const shared = globalThis as { [LISTENERS]?: WeakSet<object> }
  shared[LISTENERS] ??= new WeakSet()
  return shared[LISTENERS]
}

export function isOurListener(listener: object): boolean {
  return ourListeners().has(listener)
}

/** Adds a listener to `process`. Returns a function that removes it. */
export function listenTo(event: string, listener: (...args: never[]) => void): () => void {
  ourListeners().add(listener)
  process.on(event, listener as () => void)
  // A listener to messages makes Node keep the process alive for as long as its parent lives. Ours must not.
  if (event === 'message') countAsReference(false)
  return () => {
    if (event === 'message') countAsReference(true)
    process.off(event, listener as () => void)
  }
}
