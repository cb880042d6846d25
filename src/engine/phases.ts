import { likelyName } from '../base/did-you-mean.ts'
import { type Duration, parseDuration } from '../base/duration.ts'
import { invalidOption, refusal, refuseUnknownKeys, show } from '../base/errors.ts'

/** A named priority. Higher priorities run first; the hooks of one phase run concurrently. */
export interface Phase {
  readonly name: string
  readonly priority: number
  /**
   * The part of the budget that no earlier phase may use, for hooks that name no reserve: a share of the
   * budget (0.2 is 20 %), or milliseconds.
   */
  readonly reserve: { readonly share: number } | { readonly milliseconds: number }
}

/**
 * A phase of the application: its priority, or its priority and its reserve. Default reserve: 5 % of the budget.
 *
 * @example createShutdown({ phases: { 'warm-down': { priority: 350, reserve: '1s' } } })
 */
export type PhaseOption =
  | number
  | { readonly priority: number; readonly reserve?: Duration | undefined }

/** For phases of the application, and for priorities without a phase. */
export const DEFAULT_RESERVE: Phase['reserve'] = { share: 0.05 }

/**
 * The built-in phases.
 *
 * @example
 * PHASES.map(({ name }) => name) // ['announce', 'deregister', 'unbind', 'drain', 'stop', 'flush', 'close']
 */
export const PHASES = [
  { name: 'announce', priority: 600, reserve: { share: 0.05 } },
  { name: 'deregister', priority: 500, reserve: { share: 0.1 } },
  { name: 'unbind', priority: 450, reserve: { share: 0.05 } },
  { name: 'drain', priority: 400, reserve: { share: 0.1 } },
  { name: 'stop', priority: 300, reserve: { share: 0.1 } },
  { name: 'flush', priority: 200, reserve: { share: 0.2 } },
  { name: 'close', priority: 100, reserve: { share: 0.1 } },
] as const satisfies readonly Phase[]

/** The names of the built-in phases. */
export type PhaseName = (typeof PHASES)[number]['name']

/**
 * Reads the option `phases`.
 *
 * @param budget the longest reserve of a phase; `undefined` if the environment has set the grace, which must
 * not keep an application from starting: a reserve that does not fit is scaled down when it runs
 * @returns the built-in phases and those of the application, by name
 */
export function phasesWith(
  option: unknown,
  budget: number | undefined,
): ReadonlyMap<string, Phase> {
  const phases = new Map<string, Phase>(PHASES.map((phase) => [phase.name, phase]))
  if (option === undefined) return phases
  if (typeof option !== 'object' || option === null || Array.isArray(option)) {
    const rule = "an object of names and priorities, such as { 'warm-down': 350 }"
    throw invalidOption('phases', rule, option)
  }
  for (const [name, given] of Object.entries(option)) {
    if (name.trim() === '') throw invalidOption('phases', 'made of names that are not empty', name)
    const { priority, reserve } = phaseOption(given, name)
    phases.set(name, {
      name,
      priority: parsePriority(priority, `phases.${name}`),
      reserve:
        reserve === undefined
          ? (phases.get(name)?.reserve ?? DEFAULT_RESERVE)
          : { milliseconds: parseReserve(reserve, `phases.${name}.reserve`, budget) },
    })
  }
  return phases
}

/** Finds a phase by its name. The error lists all phases. */
export function findPhase(phases: ReadonlyMap<string, Phase>, name: unknown, of = ''): Phase {
  const phase = typeof name === 'string' ? phases.get(name) : undefined
  if (phase) return phase
  const known = [...phases.values()]
    .sort((a, b) => b.priority - a.priority)
    .map((one) => `${one.name} (${one.priority})`)
  const likely = likelyName(name, [...phases.keys()])
  throw refusal(
    'LASTCALL_UNKNOWN_PHASE',
    `Unknown phase ${typeof name === 'string' ? `'${name}'` : show(name)}${of}.${likely ? ` Did you mean '${likely}'?` : ''} The phases are ${known.join(', ')}. Name one of them, give a \`priority\` instead, or add a phase with createShutdown({ phases }).`,
  )
}

export function parsePriority(value: unknown, option: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const rule = 'a finite number (higher runs first; drain is 400, stop is 300)'
  throw invalidOption(option, rule, value)
}

function phaseOption(given: unknown, name: string): { priority: unknown; reserve?: unknown } {
  if (typeof given !== 'object' || given === null) return { priority: given }
  refuseUnknownKeys(given, ['priority', 'reserve'], `phases.${name}`)
  return given as { priority: unknown; reserve?: unknown }
}

function parseReserve(value: unknown, option: string, budget: number | undefined): number {
  const reserve = parseDuration(value, option, 0)
  if (budget === undefined || reserve <= budget) return reserve
  throw invalidOption(option, `at most the budget of ${budget} ms`, value)
}
