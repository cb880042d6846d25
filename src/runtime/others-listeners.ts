import { type HeldCall, holdListeners } from './node/held-listeners.ts'
import { type OthersTurn, sharedHooks } from './shared-hooks.ts'

/**
 * Has others' listeners to these signals called when the last hook of all shutdowns has ended, in place of
 * at the signal. The promise that one returns is awaited; where it returns none, `idle()` is.
 */
export function callOthersAfterHooks(
  signals: readonly string[],
  isOurs: (listener: object) => boolean,
  idle: () => Promise<unknown>,
): () => void {
  return holdListeners(signals, isOurs, (held) => {
    sharedHooks().callbacks.push(() => turnOf(held, idle))
  })
}

function turnOf({ signal, listener, call }: HeldCall, idle: () => Promise<unknown>): unknown {
  const { othersTurns } = sharedHooks()
  const turn: OthersTurn = { signal, listener }
  const over = () => void othersTurns.delete(turn)
  othersTurns.add(turn)
  try {
    const result = call()
    const isPromise = typeof (result as Partial<PromiseLike<unknown>> | null)?.then === 'function'
    return Promise.resolve(isPromise ? result : idle()).finally(over)
  } catch (error) {
    over()
    throw error
  }
}
