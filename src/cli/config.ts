import { readFileSync } from 'node:fs'
import { parseDuration } from '../base/duration.ts'
import { invalidOption, optionNames, refuseUnknownOptions } from '../base/errors.ts'
import { budgetOf, type GraceSource, HANDOVER } from '../engine/budget.ts'
import { type Program, type ProgramOptions, parsePrograms } from '../workers/supervise/program.ts'
import type { SuperviseOptions } from '../workers/supervise/supervise.ts'
import { asUsageError, usageError } from './failure.ts'
import { checkGrace } from './options.ts'

/** What a configuration file may hold: `{ "grace": "10s", "exitOn": "fatal", "programs": [ … ] }`. */
export interface Config {
  /** In milliseconds; `undefined` for the grace of the platform. */
  readonly grace: number | undefined
  readonly exitOn: SuperviseOptions['exitOn']
  readonly programs: readonly ProgramOptions[]
}

const OPTIONS = optionNames<Config>({ grace: true, exitOn: true, programs: true })

/** Reads a configuration file. Errors name the path in it, and the rule. */
export function readConfig(path: string): Config {
  return asUsageError(() => {
    const config = readJson(path)
    refuseUnknownOptions(config, OPTIONS, '{ "programs": [ … ] }', 'config')
    const { grace, exitOn, programs } = config
    refuseBareNumbers(config)
    parsePrograms(programs)
    return {
      grace: grace === undefined ? undefined : checkGrace(parseDuration(grace, 'grace'), 'grace'),
      exitOn: exitOn as Config['exitOn'],
      programs: programs as Config['programs'],
    }
  }, path)
}

/** The keys that are durations, wherever in the file they stand. */
const DURATIONS = ['grace', 'stopWait', 'startFor', 'initial', 'max', 'resetAfter']

/**
 * Refuses a duration without its unit. In code, a number is milliseconds. In a file, most people mean seconds.
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`
 */
function refuseBareNumbers(value: unknown, place = ''): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, one] of Object.entries(value)) {
    const path = Array.isArray(value) ? `${place}[${key}]` : [place, key].filter(Boolean).join('.')
    if (DURATIONS.includes(key) && typeof one === 'number') {
      const rule = 'a string with a unit'
      const fix = `Write "${one}s" for seconds or "${one}ms" for milliseconds.`
      throw invalidOption(path, rule, one, fix)
    }
    // A variable of a program may have any name.
    if (key !== 'env') refuseBareNumbers(one, path)
  }
}

/**
 * Gives each program without a `stopWait` one: the longest of its priority, or else an equal share of the
 * time that the other priorities leave.
 */
export function shareTime(
  options: readonly ProgramOptions[],
  grace: number,
  from: GraceSource = 'option',
): readonly ProgramOptions[] {
  const programs = parsePrograms(options)
  const levels = groupByPriority(programs)
  const waits = [...levels.values()].map(longestWait)
  const openLevels = waits.filter((wait) => wait === undefined).length
  const taken = waits.reduce<number>((sum, wait) => sum + (wait ?? 0), 0)
  const handovers = HANDOVER * (levels.size + 1)
  const { deadline } = budgetOf(grace, undefined, 'platform')
  const fairShare = Math.floor((deadline - handovers - taken) / openLevels)
  // A short grace must not keep the programs from starting, only stopWaits that do not fit it.
  const share = from === 'platform' || taken === 0 ? Math.max(1, fairShare) : fairShare
  if (openLevels > 0 && share < 1) {
    const names = programs.filter(({ stopWait }) => stopWait === undefined).map(({ name }) => name)
    throw usageError(
      `the stopWait of the other programs leaves no time for ${names.join(', ')}: give them less, or a longer grace`,
    )
  }
  return options.map((program, index) => {
    const level = levels.get(programs[index]?.priority ?? 0) ?? []
    return { ...program, stopWait: program.stopWait ?? longestWait(level) ?? share }
  })
}

function groupByPriority(programs: readonly Program[]): ReadonlyMap<number, readonly Program[]> {
  const levels = new Map<number, Program[]>()
  for (const program of programs) {
    levels.set(program.priority, [...(levels.get(program.priority) ?? []), program])
  }
  return levels
}

function longestWait(level: readonly Program[]): number | undefined {
  const waits = level.flatMap(({ stopWait }) => (stopWait === undefined ? [] : [stopWait]))
  return waits.length === 0 ? undefined : Math.max(...waits)
}

function readJson(path: string): Record<string, unknown> {
  let text = ''
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
    return JSON.parse(text)
  } catch (error) {
    const { message } = error as Error
    throw usageError(error instanceof SyntaxError ? syntaxProblem(message, text) : message)
  }
}

/**
 * Where the JSON is wrong, as far as the engine's message tells. V8 either counts or quotes a part of the
 * text. A quotation is not shown: the file may hold secrets.
 */
function syntaxProblem(message: string, text: string): string {
  if (/^Unexpected end/.test(message)) return 'it is not JSON: it ends too early'
  const [, what, position] = /^([^"]*) (?:in|after) JSON at position (\d+)/.exec(message) ?? []
  const [, quoted] = /"(.*)"(?:\.\.\.)? is not valid JSON$/s.exec(message) ?? []
  const at = position === undefined ? text.indexOf(quoted ?? '\0') : Number(position)
  const place = at < 0 ? '' : `, from line ${text.slice(0, at).split('\n').length} on`
  return `it is not JSON${place}${what === undefined ? '' : `: ${what}`}`
}
