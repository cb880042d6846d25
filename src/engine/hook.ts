import type { Duration } from '../base/duration.ts'
import { LONGEST, parseDuration } from '../base/duration.ts'
import { invalidOption } from '../base/errors.ts'
import type { Reason } from '../base/reason.ts'
import type { Platform } from '../platform/platform.ts'
import { findPhase, type Phase, type PhaseName, parsePriority } from './phases.ts'

/**
 * A named piece of clean-up: the one concept that everything is made of.
 *
 * @example
 * shutdown.add({
 *   name: 'events',
 *   phase: 'flush',
 *   reserve: '2s',
 *   run: ({ signal }) => events.flush({ signal }),
 * })
 */
export interface Hook {
  /** Unique among the hooks of a shutdown; it stands in the report and in messages. */
  readonly name: string
  /** When it runs: a phase's name. Give this or `priority`. */
  readonly phase?: PhaseName | (string & {})
  /** When it runs, as a number: higher first, 450 runs between deregister and drain. */
  readonly priority?: number
  /** Does the work. It may return a promise; what it throws or rejects with stands in the report. */
  run(context: HookContext): unknown
  /** The longest it may take, from when it begins. Default: what the budget leaves it. */
  readonly timeout?: Duration
  /** The part of the budget that nothing earlier may eat. Default: its phase's. */
  readonly reserve?: Duration
}

/** What a hook is handed when it runs. */
export interface HookContext {
  /** Aborts at this hook's limit, with a `TimeoutError`. Hand it to whatever takes one. */
  readonly signal: AbortSignal
  /** What started the run. */
  readonly reason: Reason
  /** What the process runs on, as far as that is known. */
  readonly platform: Platform
  /** The instant by which every hook must be over, in milliseconds since 1970. */
  readonly deadline: number
  /** Milliseconds until this hook is cut off; 0 once it has been. */
  remaining(): number
  /** Puts a line into the report, beside this hook: what it did, or what it had to leave. */
  note(text: string): void
  /**
   * Says what this hook waits for: a line each, such as `GET /export/7, 3 s old`. It is asked when
   * something is cut off, this hook or another. What stands there is shown: leave out secrets.
   */
  waitingFor(list: () => readonly string[]): void
}

/** What `add()` takes besides a hook: several of them, such as an array, or what adapters return. */
export type Hooks = object & Iterable<Hook | Hooks>

/** Anything that can be disposed of asynchronously. It becomes a hook of the `close` phase. */
export interface DisposableResource {
  [Symbol.asyncDispose](): PromiseLike<unknown>
}

/** A hook whose options have been checked and whose durations are milliseconds. */
export interface PreparedHook {
  readonly name: string
  /** The phase's name, or `null` for a hook that gave a priority of its own. */
  readonly phase: string | null
  readonly priority: number
  readonly run: (context: HookContext) => unknown
  /** In milliseconds; the longest that there is where the hook gave none. */
  readonly timeout: number
  /** `undefined` where the hook gave none, and its phase's counts. */
  readonly reserve: number | undefined
}

const KEYS = new Set(['name', 'phase', 'priority', 'run', 'timeout', 'reserve'])

/** Checks a hook and reads its durations. Throws before anything is registered. */
export function prepareHook(hook: Hook, phases: ReadonlyMap<string, Phase>): PreparedHook {
  const { timeout, reserve } = checkHook(hook)
  const { name, phase, priority } = hook
  if ((phase === undefined) === (priority === undefined)) {
    throw invalidOption(
      `phase of hook '${name}'`,
      `given, or \`priority\` in its place, and not both (phases: ${[...phases.keys()].join(', ')})`,
      phase,
    )
  }
  return {
    name,
    phase: phase ?? null,
    priority:
      priority === undefined
        ? findPhase(phases, phase).priority
        : parsePriority(priority, `priority of hook '${name}'`),
    run: (context) => hook.run(context),
    timeout,
    reserve,
  }
}

/** Checks all of a hook but its phase, which only a shutdown can tell: adapters do so as early as they can. */
function checkHook(hook: Hook): Pick<PreparedHook, 'timeout' | 'reserve'> {
  if (typeof hook !== 'object' || hook === null) {
    throw invalidOption(
      'hook',
      'an object { name, phase, run }, several of them, or something with Symbol.asyncDispose',
      hook,
      typeof hook === 'function' ? "Write { name: '…', phase: 'close', run: … }." : undefined,
    )
  }
  const { name } = hook
  if (typeof name !== 'string' || name.trim() === '') {
    throw invalidOption('hook.name', 'a string that is not empty', name)
  }
  // Plain data only: an object of a class may well carry fields of its own.
  if (Object.getPrototypeOf(hook) === Object.prototype) {
    for (const key of Object.keys(hook)) {
      if (!KEYS.has(key))
        throw invalidOption(`hook '${name}'`, `made of ${[...KEYS].join(', ')}`, key)
    }
  }
  const of = (key: string) => `${key} of hook '${name}'`
  if (typeof hook.run !== 'function') throw invalidOption(of('run'), 'a function', hook.run)
  const timeout = hook.timeout === undefined ? LONGEST : parseDuration(hook.timeout, of('timeout'))
  const reserve =
    hook.reserve === undefined ? undefined : parseDuration(hook.reserve, of('reserve'), 0)
  if (reserve !== undefined && reserve > timeout) {
    const rule = `at most its timeout of ${timeout} ms: more could never be used`
    throw invalidOption(of('reserve'), rule, hook.reserve)
  }
  return { timeout, reserve }
}

/** Where an adapter's user wants its hook, as far as it was said. */
export interface HookPlace {
  readonly name: string
  readonly phase?: string | undefined
  readonly priority?: number | undefined
  readonly timeout?: Duration | undefined
  readonly reserve?: Duration | undefined
}

/** The hook of an adapter, checked: it is made of what was said, and of nothing that was not. */
export function placeHook(place: HookPlace, run: Hook['run']): Hook {
  const { name, phase, priority, timeout, reserve } = place
  const hook: Hook = {
    name,
    ...(phase === undefined ? {} : { phase }),
    ...(priority === undefined ? {} : { priority }),
    run,
    ...(timeout === undefined ? {} : { timeout }),
    ...(reserve === undefined ? {} : { reserve }),
  }
  checkHook(hook)
  return hook
}

/** The hook that something disposable becomes. */
export function disposeHook(
  resource: DisposableResource,
  options: Partial<Omit<Hook, 'run'>> | undefined = {},
  isTaken: (name: string) => boolean,
): Hook {
  if (typeof (resource as { closeIdleConnections?: unknown }).closeIdleConnections === 'function') {
    throw invalidOption(
      'resource',
      'something that is disposed of when nobody needs it any more',
      resource,
      "A server has to be drained before: add httpServer(server), from 'lastcall/http'.",
    )
  }
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('options', "an object such as { name: 'pool' }", options)
  }
  const { phase = 'close', ...rest } = options
  return {
    ...(rest.priority === undefined ? { phase } : {}),
    ...rest,
    name: options.name ?? freeName(resource.constructor?.name || 'resource', isTaken),
    run: () => resource[Symbol.asyncDispose](),
  }
}

/** A hook, or several, as an array. */
export function hooksOf(what: unknown): readonly Hook[] {
  const isSeveral = typeof what === 'object' && what !== null && Symbol.iterator in what
  return isSeveral ? [...(what as Hooks)].flatMap(hooksOf) : [what as Hook]
}

export function isDisposable(value: unknown): value is DisposableResource {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as Partial<DisposableResource>)[Symbol.asyncDispose] === 'function'
  )
}

function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name
  for (let n = 2; isTaken(free); n++) free = `${name} ${n}`
  return free
}
