/** A run that could be, as plain data: what there is, and what happens when. Times are in milliseconds. */
export interface Scenario {
  readonly grace: number
  /** Left out: the default. */
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
  /** How long what was written to stdout at the end takes to leave the process. */
  readonly flushes: number
  /** They are added in this order before anything happens, but for those that a happening adds. */
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
  /** For so long it blocks the event loop as it begins. */
  readonly blocks: number
}

/**
 * `gives up` rejects when its signal fires; `waits` awaits `now()`, which comes true when all hooks
 * are over.
 */
export type Ending = 'returns' | 'throws' | 'resolves' | 'rejects' | 'never' | 'gives up' | 'waits'
export type PhaseName = 'announce' | 'deregister' | 'drain' | 'stop' | 'flush' | 'close'
export type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

export interface Happening {
  /** A hook that does it, so long after it has begun (0: while it begins); `null`: the world, from the start. */
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
  | { readonly takeBack: string }

/** What became of a happening. */
export type Reply =
  /** It started the run. */
  | 'begins'
  /** A signal: no press of its own, one that changed nothing, one that ended the process at once. */
  | 'same press'
  | 'repeat'
  | 'forces'
  /** A fault during the run, or between its report and the exit; one that its own signal has caused. */
  | 'counts'
  | 'comes late'
  | 'is none'
  /** Nobody listens to it, or it means nothing. */
  | 'ignored'
  /** `now()` during the run, or after it. */
  | 'same promise'
  /** A hook was added; it could not be, for its name or for its reserve; the run was over. */
  | 'added'
  | 'name taken'
  | 'too large'
  | 'over'
  /** A hook was taken back, or had begun, or was not there. */
  | 'taken back'
  | 'not waiting'

/**
 * How long after its origin the happening of this index comes. Each has a fraction of a millisecond
 * of its own, so that no two things that do not follow from each other fall on one instant: which of
 * them came first would be chance, and nothing is promised about it.
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
