import { type Duration, LONGEST_TIMER, parseDuration } from '../base/duration.ts'
import { invalidOption, optionNames, refuseUnknownKeys } from '../base/errors.ts'
import type { Reason } from '../base/reason.ts'
import type { Platform } from '../platform/platform.ts'
import type { PhaseName } from './phases.ts'

// Adapters call these with the platform of their context.
export { minimumLameDuck, signalsAll } from '../platform/platform.ts'

/**
 * A named piece of clean-up. Adapters such as `httpServer()` return hooks as well.
 *
 * @example
 * shutdown.add({
 *   name: 'events',
 *   phase: 'flush',
 *   reserve: '2s',
 *   run: ({ signal }) => events.flush({ signal }),
 * })
 */
export type Hook = HookInPhase | HookWithPriority

/** A hook that runs in a phase. */
export interface HookInPhase extends HookParts {
  /** The phase in which the hook runs. Give this or `priority`. */
  readonly phase: HookPhase
  readonly priority?: undefined
}

/** A hook that runs between the phases. */
export interface HookWithPriority extends HookParts {
  /** When the hook runs, as a number: higher runs first, 350 runs between `drain` and `stop`. */
  readonly priority: number
  readonly phase?: undefined
}

/** A built-in phase, or one of the application: see `createShutdown({ phases })`. */
export type HookPhase = PhaseName | (string & {})

/** What all hooks have. */
export interface HookParts extends HookTimes {
  /** Unique among the hooks of a shutdown. It identifies the hook in the report, in logs and in errors. */
  readonly name: string
  /**
   * Does the work. It may return a promise. If it throws or rejects, the report says so, and all other
   * hooks still run.
   */
  run(context: HookContext): unknown
}

/** How much time a hook gets. */
export interface HookTimes {
  /**
   * How long the hook may take, from its beginning. A function is called when the hook is added, and
   * again when it begins; if it then fails, the first value counts. Default: what the budget leaves it.
   */
  readonly timeout?: Duration | (() => Duration) | undefined
  /** The part of the budget that no earlier phase may use. Default: the reserve of its phase. */
  readonly reserve?: Duration | undefined
}

/** The third argument of `add(name, run, options)`. */
export interface HookOptions extends HookTimes {
  /** The phase in which the hook runs. Default `close`, unless there is a `priority`. */
  readonly phase?: HookPhase | undefined
  /** When the hook runs, as a number: higher runs first, 350 runs between `drain` and `stop`. */
  readonly priority?: number | undefined
}

/** The options of `add(resource, options)`. */
export interface ResourceOptions extends HookOptions {
  /** Unique among the hooks of a shutdown. Default: the name of the resource's class. */
  readonly name?: string | undefined
}

/** The level of a note in the log. */
export type NoteLevel = 'debug' | 'warn' | 'error'

/** `undelivered`: an error, and a peer did not take all that was for it, see `exitCodes.undelivered`. */
export type NoteKind = NoteLevel | 'undelivered'

/** What a hook gets when it runs. */
export interface HookContext {
  /** Aborts with a `TimeoutError` when this hook reaches its limit. Pass it to `fetch()` and its like. */
  readonly signal: AbortSignal
  /** What started the shutdown. */
  readonly reason: Reason
  /** The platform that the process runs on, as far as it is known. */
  readonly platform: Platform
  /** The time of day by which all hooks must be over, in milliseconds since 1970. */
  readonly deadline: number
  /** Milliseconds until this hook is cut off; 0 once it has been. */
  remaining(): number
  /**
   * Adds a line to this hook's part of the report and to the log: what it did, or could not do.
   *
   * @param level of the line in the log. Default `debug`: the line of the hook's end repeats its notes.
   * `undelivered` is an error, and says that a peer did not take all that was for it: then the exit code of
   * a clean shutdown is `exitCodes.undelivered`, if that is set
   */
  note(text: string, level?: NoteKind): void
  /**
   * Registers a function that lists what this hook waits for, in lines such as `GET /export/7, 3 s old`.
   * It is called when this hook or another one is cut off. Its lines are logged: leave out secrets.
   */
  waitingFor(list: () => readonly string[]): void
}

/** Several hooks: an array, a Set, what adapters return, or any of these nested. */
export type Hooks = object & Iterable<Hook | Hooks>

/**
 * The arrays among them. In `add()` they are apart from `Hooks`: the compiler then reports an error in an array
 * at the hook that has it.
 */
export type HookList = readonly (Hook | HookList | Hooks)[]

/** An object that `await using` can dispose of. `add()` makes it a hook of the phase `close`. */
export interface Resource {
  [Symbol.asyncDispose](): PromiseLike<unknown>
}

/** A hook whose options are checked and whose durations are in milliseconds. */
export interface PreparedHook {
  readonly name: string
  /** `null` for a hook that gave a priority instead. */
  readonly phase: string | null
  readonly priority: number
  readonly run: (context: HookContext) => unknown
  /** Read when the hook was added. Node's longest timer if the hook gave none. */
  readonly timeout: number
  /** Reads the timeout again: for a hook that begins now. */
  readonly timeoutNow: () => number
  /** `undefined` if the hook gave none: then the reserve of its phase counts. */
  readonly reserve: number | undefined
}

/** Makes and checks the hook of an adapter. Options that are `undefined` are left out. */
export function placeHook(place: HookPlace, run: Hook['run']): Hook {
  const given = Object.entries(place).filter(([, value]) => value !== undefined)
  const hook = { ...Object.fromEntries(given), run } as Hook
  checkHook(hook)
  return hook
}

type HookPlace = { readonly [Key in keyof Omit<Hook, 'run'>]: Hook[Key] | undefined }

/**
 * Checks a hook, except for its phase: only the shutdown knows the phases. So adapters can refuse
 * wrong options before there is a shutdown.
 */
export function checkHook(hook: Hook): Pick<PreparedHook, 'timeout' | 'timeoutNow' | 'reserve'> {
  if (typeof hook !== 'object' || hook === null) {
    throw invalidOption(
      'hook',
      'an object { name, phase, run }, several of them, or something with Symbol.asyncDispose',
      hook,
      typeof hook === 'function' ? shortForm(hook) : undefined,
    )
  }
  const { name } = hook
  if (typeof name !== 'string' || name.trim() === '') {
    throw invalidOption(
      'hook.name',
      'a string that is not empty',
      name,
      "Write add('postgres', () => pool.end()), or { name: 'postgres', phase: 'close', run }.",
    )
  }
  // An instance of a class may have other fields. In plain data they are typos.
  if (Object.getPrototypeOf(hook) === Object.prototype) {
    refuseUnknownKeys(hook, KEYS, `hook '${name}'`)
  }
  const of = (key: string) => `${key} of hook '${name}'`
  if (typeof hook.run !== 'function') throw invalidOption(of('run'), 'a function', hook.run)
  const given = hook.timeout ?? LONGEST_TIMER
  const readTimeout = () =>
    parseDuration(typeof given === 'function' ? given.call(hook) : given, of('timeout'))
  const timeout = readTimeout()
  const reserve =
    hook.reserve === undefined ? undefined : parseDuration(hook.reserve, of('reserve'), 0)
  if (reserve !== undefined && reserve > timeout) {
    const rule = `at most its timeout of ${timeout} ms: more could never be used`
    throw invalidOption(of('reserve'), rule, hook.reserve)
  }
  const timeoutNow = () => {
    try {
      return readTimeout()
    } catch {
      // Too late to refuse it: the hook must run.
      return timeout
    }
  }
  return { timeout, timeoutNow, reserve }
}

function shortForm({ name }: { name: string }): string {
  return `Write shutdown.add('${name || '…'}', ${name || '() => …'}).`
}

const KEYS = optionNames<Hook>({
  name: true,
  phase: true,
  priority: true,
  run: true,
  timeout: true,
  reserve: true,
})
