import { invalidOption } from '../base/errors.ts'
import {
  checkHook,
  type DisposableResource,
  type Hook,
  type Hooks,
  type PreparedHook,
} from './hook.ts'
import { findPhase, type Phase, parsePriority } from './phases.ts'

/** Turns the arguments of `add()` into hooks, which are not checked yet. */
export function hooksToAdd(
  what: unknown,
  options: Partial<Omit<Hook, 'run'>> | undefined,
  isTaken: (name: string) => boolean,
): readonly Hook[] {
  if (isDisposable(what)) return [disposingHook(what, options, isTaken)]
  if (options === undefined) return flatten(what)
  throw invalidOption('options', 'given with a resource only; a hook carries its own', options)
}

/** Checks a hook and converts its durations. */
export function prepareHook(hook: Hook, phases: ReadonlyMap<string, Phase>): PreparedHook {
  const durations = checkHook(hook)
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
    ...durations,
  }
}

function isDisposable(value: unknown): value is DisposableResource {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as Partial<DisposableResource>)[Symbol.asyncDispose] === 'function'
  )
}

function disposingHook(
  resource: DisposableResource,
  options: Partial<Omit<Hook, 'run'>> | undefined = {},
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

function flatten(what: unknown): readonly Hook[] {
  const isSeveral = typeof what === 'object' && what !== null && Symbol.iterator in what
  return isSeveral ? [...(what as Hooks)].flatMap(flatten) : [what as Hook]
}

/** `Pool`, or `Pool 2` if that name is taken. */
function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name
  for (let n = 2; isTaken(free); n++) free = `${name} ${n}`
  return free
}
