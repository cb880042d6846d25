/** A shutdown that could happen, as plain data. Times are in milliseconds. */
export interface Scenario {
  readonly grace: number
  /** Without it: the default. */
  readonly margin?: number
  readonly exit: boolean
  readonly exitCodes: {
    readonly clean?: number | 'signal'
    readonly failed?: number
    readonly deadline?: number
    readonly fault?: number
    readonly forced?: number | 'signal'
  }
  /** The application's own `process.exitCode`. */
  readonly applicationCode: number
  readonly signals: readonly Signal[]
  readonly forceOn: readonly Signal[]
  readonly samePressWithin: number
  /** Whether others' listeners of the signals are called when the hooks have ended. There are none here. */
  readonly others?: 'after'
  /** How long it takes to flush stdout at the end. */
  readonly flushes: number
  /** They are added in this order before anything happens, except for those that a happening adds. */
  readonly hooks: readonly ScenarioHook[]
  readonly happenings: readonly Happening[]
}

export interface ScenarioHook {
  readonly name: string
  readonly phase?: PhaseName
  readonly priority?: number
  readonly timeout?: number
  readonly reserve?: number
  readonly ends: Ending
  /** How long it takes to resolve or to reject. */
  readonly takes: number
  /** How long it blocks the event loop when it begins. */
  readonly blocks: number
}

/** `gives up` rejects when its signal aborts. `waits` awaits `now()`, so that it is cut off. */
export type Ending = 'returns' | 'throws' | 'resolves' | 'rejects' | 'never' | 'gives up' | 'waits'
export type PhaseName = 'announce' | 'deregister' | 'unbind' | 'drain' | 'stop' | 'flush' | 'close'
export type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

export interface Happening {
  /** The hook that does it, `after` ms after it has begun (0: while it begins). `null`: the world, from the start. */
  readonly by: string | null
  readonly after: number
  readonly what: What
}

export type What =
  | { readonly send: Signal }
  | { readonly message: string }
  | { readonly fault: 'uncaughtException' | 'unhandledRejection' | 'own abort' }
  | { readonly call: 'now' }
  | { readonly add: string }
  | { readonly remove: string }

/** The result of a happening. */
export type Reply =
  /** It began the shutdown. */
  | 'begins'
  /** A signal: the same press, a press that changed nothing, one that ended the process at once. */
  | 'same press'
  | 'repeat'
  | 'forces'
  /** A fault: during the shutdown, between its report and the exit, or caused by `shutdown.signal`. */
  | 'counts'
  | 'comes late'
  | 'is none'
  /** Nothing listens to it, or it means nothing. */
  | 'ignored'
  /** `now()` during the shutdown, or after it. */
  | 'same promise'
  /** A hook was added, or was refused: for its name, for its reserve, or because the shutdown was over. */
  | 'added'
  | 'name taken'
  | 'too large'
  | 'over'
  /** A hook was removed, or could not be: it had begun, or was not there. */
  | 'removed'
  | 'not waiting'

/**
 * How long after its origin a happening comes. Each has a different fraction of a millisecond, so that
 * no two independent happenings fall on one instant: which of them came first would be chance.
 */
export function delayOf({ by, after }: Happening, index: number): number {
  return by !== null && after === 0 ? 0 : after + 2 ** -(index + 2)
}

export function hookOf({ hooks }: Scenario, name: string): ScenarioHook {
  const hook = hooks.find((one) => one.name === name)
  if (!hook) throw new Error(`The scenario has no hook '${name}'`)
  return hook
}

export function isAddedLater(hook: ScenarioHook, { happenings }: Scenario): boolean {
  return happenings.some(({ what }) => 'add' in what && what.add === hook.name)
}

export function blocks({ hooks }: Scenario): boolean {
  return hooks.some((hook) => hook.blocks > 0)
}
