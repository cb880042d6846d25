import { invalidOption, optionNames, refuseUnknownOptions } from '../base/errors.ts'
import type { Hook, HookOptions, Hooks, Resource, ResourceOptions } from './hook.ts'
import { refuseNoHook } from './refuse-no-hook.ts'

/** Turns the arguments of `add()` into hooks, which are not checked yet. */
export function hooksToAdd(
  given: readonly unknown[],
  isTaken: (name: string) => boolean,
): readonly Hook[] {
  const [what, second, third] = given
  if (typeof what === 'string') return [namedHook(what, second, third)]
  if (isDisposable(what)) return [disposingHook(what, second, isTaken)]
  if (second === undefined) return flatten(what)
  refuseNoHook(what)
  const rule = 'given with a name or a resource only; a hook carries its own'
  throw invalidOption('options', rule, second)
}

function namedHook(name: string, run: unknown, options: unknown = {}): Hook {
  if (typeof run !== 'function') {
    const isPromise = typeof (run as PromiseLike<unknown> | undefined)?.then === 'function'
    const called = isPromise ? 'The shutdown calls it, not the caller of add(). ' : ''
    const fix = `${called}Write shutdown.add('${name}', () => …).`
    throw invalidOption(`run of hook '${name}'`, 'a function', run, fix)
  }
  const label = `options of hook '${name}'`
  refuseUnknownOptions(options, HOOK_OPTIONS, "{ phase: 'flush' }", label)
  return placed(name, run as Hook['run'], options as HookOptions)
}

function disposingHook(
  resource: Resource,
  given: unknown = {},
  isTaken: (name: string) => boolean,
): Hook {
  if (typeof (resource as { closeIdleConnections?: unknown }).closeIdleConnections === 'function') {
    throw invalidOption(
      'resource',
      'a resource that can be disposed of when all requests and jobs are over',
      resource,
      "A server has to be drained before: add httpServer(server), from 'lastcall/http'.",
    )
  }
  refuseUnknownOptions(given, ['name', ...HOOK_OPTIONS], "{ name: 'pool' }")
  const options = given as ResourceOptions
  const name = options.name ?? freeName(resource.constructor?.name || 'resource', isTaken)
  return placed(name, () => resource[Symbol.asyncDispose](), options)
}

/** The hook of the phase `close`, unless the options say otherwise. */
function placed(name: string, run: Hook['run'], options: HookOptions): Hook {
  const { phase, priority, timeout, reserve } = options
  const place =
    phase === undefined && priority === undefined ? { phase: 'close' } : { phase, priority }
  // With both of them, the check of the hook refuses it.
  return { ...place, name, run, timeout, reserve } as Hook
}

const HOOK_OPTIONS = optionNames<HookOptions>({
  phase: true,
  priority: true,
  timeout: true,
  reserve: true,
})

function isDisposable(value: unknown): value is Resource {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as Partial<Resource>)[Symbol.asyncDispose] === 'function'
  )
}

function flatten(what: unknown): readonly Hook[] {
  const isSeveral = typeof what === 'object' && what !== null && Symbol.iterator in what
  if (isSeveral) return [...(what as Hooks)].flatMap(flatten)
  refuseNoHook(what)
  return [what as Hook]
}

/** `Pool`, or `Pool 2` if that name is taken. */
function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name
  for (let n = 2; isTaken(free); n++) free = `${name} ${n}`
  return free
}
