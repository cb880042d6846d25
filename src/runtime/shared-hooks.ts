import { beforePoll } from './clock.ts'

/**
 * How far the shutdowns of this process are. Code of others that runs meanwhile must not cut off hooks:
 * adapters ask here whether it may act now, or when the last hook has ended. All copies of this package
 * share it, and shutdowns with `exit: false` take part. The shape of this data never changes: copies of
 * other versions read it.
 */
export interface SharedHooks {
  /** The shutdowns that have begun and whose last hook has not ended. */
  readonly shutdowns: Set<object>
  /**
   * Not empty while the listeners run of what began a shutdown, or of a signal that came during one. No
   * hook runs at that time.
   */
  readonly listenerTurns: Set<object>
  /** Not empty while others' listeners of a signal run that had waited for the last hook to end. */
  readonly othersTurns: Set<OthersTurn>
  /** To be called, once, when the last hook of all shutdowns has ended. */
  readonly callbacks: (() => unknown)[]
}

/** Other code's listener of a signal that has been called and is not done. */
export interface OthersTurn {
  readonly signal: string
  readonly listener: unknown
}

/**
 * What runs in this process: no shutdown, listeners of what began one, its hooks, or others' listeners that
 * had waited for the last hook to end.
 */
export type Stage = 'no shutdown' | 'listeners' | 'hooks' | 'others'

// Every copy and version of this package uses this symbol.
const HOOKS = Symbol.for('lastcall.hooks.v1')

/** The state of this process. */
export function sharedHooks(): SharedHooks {
  const shared = globalThis as { [HOOKS]?: SharedHooks }
  shared[HOOKS] ??= newSharedHooks()
  return shared[HOOKS]
}

export function newSharedHooks(): SharedHooks {
  return { shutdowns: new Set(), listenerTurns: new Set(), othersTurns: new Set(), callbacks: [] }
}

export function stageOf({ shutdowns, listenerTurns, othersTurns }: SharedHooks): Stage {
  if (shutdowns.size === 0) return othersTurns.size > 0 ? 'others' : 'no shutdown'
  return listenerTurns.size > 0 ? 'listeners' : 'hooks'
}

/** Says that a shutdown has begun. Its listeners run until `beginHooks()`. */
export function beginShutdown({ shutdowns, listenerTurns }: SharedHooks, shutdown: object): void {
  shutdowns.add(shutdown)
  listenerTurns.add(shutdown)
}

/** Says that the first hook of a shutdown begins. */
export function beginHooks({ listenerTurns }: SharedHooks, shutdown: object): void {
  listenerTurns.delete(shutdown)
}

/** Says that the last hook of a shutdown has ended. */
export function endHooks({ shutdowns }: SharedHooks, shutdown: object): void {
  shutdowns.delete(shutdown)
}

/** Says that listeners of an event run now. Calls `then` after the last of them, before the next event. */
export function afterListeners({ listenerTurns }: SharedHooks, then = () => {}): void {
  listenerTurns.add(then)
  // With a promise: test runners replace process.nextTick() when they replace timers.
  void Promise.resolve().then(() => {
    // All of them: an event may begin several shutdowns, and this one's hooks are about to begin.
    listenerTurns.clear()
    then()
  })
}

/**
 * Calls what waits for the end of the last hook. Resolves when the promises that it returns have settled.
 * An error is an uncaught exception or an unhandled rejection, as if Node had called it.
 */
export async function callAfterHooks({ callbacks }: SharedHooks): Promise<void> {
  await Promise.all(callbacks.splice(0).map(call))
}

function call(callback: () => unknown): unknown {
  try {
    const result = Promise.resolve(callback())
    return new Promise<void>((resolve) => void result.finally(resolve))
  } catch (error) {
    return beforePoll(() => {
      throw error
    })
  }
}
