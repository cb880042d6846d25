import { type Duration, parseDuration } from '../../base/duration.ts'
import {
  hiddenValue,
  invalidOption,
  notOneOf,
  optionNames,
  refuseUnknownOptions,
} from '../../base/errors.ts'
import { parseSignal } from '../../runtime/signals.ts'
import { parseExitCodes } from '../expected-exit.ts'
import { type BackoffOptions, parseBackoff } from './backoff.ts'

/** A program to keep running: everything but its name and command has a default. */
export interface ProgramOptions {
  /** Unique; used in reports and before its output. */
  readonly name: string
  /** The program itself, looked up in PATH and started without a shell. */
  readonly command: string
  readonly args?: readonly string[] | undefined
  /** Variables besides those of this process; `null` removes one. */
  readonly env?: Readonly<Record<string, string | null>> | undefined
  /** The folder in which it runs. Default: that of this process. */
  readonly cwd?: string | undefined
  /** How many processes of it run. Default 1. Each finds its number, from 0, in `LASTCALL_INSTANCE`. */
  readonly instances?: number | undefined
  /** Higher stops first and starts last; equal ones together. Default 999, as in supervisord. */
  readonly priority?: number | undefined
  /** The signal that asks it to end. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals | undefined
  /**
   * The longest that it may take to end, from the beginning of its hook; then its process group gets
   * SIGKILL. This time is reserved, and the program finds it in `LASTCALL_GRACE`. Default: what the budget
   * leaves.
   */
  readonly stopWait?: Duration | undefined
  /** Whether the stop signal goes to its whole process group. Default false. */
  readonly group?: boolean | undefined
  /**
   * Whether it is started again after it has ended by itself: always, only where its exit code is not one of
   * `exitCodes`, or never. Default `unexpected`.
   */
  readonly restart?: 'always' | 'unexpected' | 'never' | undefined
  /** The exit codes with which it ends well. Default `[0]`. */
  readonly exitCodes?: readonly number[] | undefined
  /**
   * How long it has to stay up to count as started; 0 counts it as started at once. The clock starts with the
   * program. Default `'1s'`.
   */
  readonly startFor?: Duration | undefined
  /** How often a start that failed is tried again before the program is FATAL. Default 3. */
  readonly startRetries?: number | undefined
  /** The delays before it is started again. */
  readonly backoff?: BackoffOptions | undefined
}

/** A program whose options have been checked. All durations are in milliseconds. */
export type Program = ReturnType<typeof parseProgram>

/** Checks the programs; the errors name the place: `programs[1].stopSignal`. */
export function parsePrograms(programs: unknown): readonly Program[] {
  if (!Array.isArray(programs) || programs.length === 0) {
    throw invalidOption('programs', `an array of programs, such as [${EXAMPLE}]`, programs)
  }
  const parsed = programs.map((program, index) => parseProgram(program, `programs[${index}]`))
  const taken = new Set<string>()
  for (const [index, program] of parsed.entries()) {
    for (const name of processNames(program)) {
      const rule = 'a name that no other program has, nor one of its instances'
      if (taken.has(name)) throw invalidOption(`programs[${index}].name`, rule, name)
      taken.add(name)
    }
  }
  return parsed
}

/** The names of a program's processes: `web`, or `web:0` and `web:1`. */
export function processNames({ name, instances }: Program): string[] {
  if (instances === 1) return [name]
  return Array.from({ length: instances }, (_, instance) => `${name}:${instance}`)
}

const EXAMPLE = "{ name: 'web', command: 'node', args: ['web.js'] }"

function parseProgram(options: ProgramOptions, place: string) {
  refuseUnknownOptions(options, OPTIONS, EXAMPLE, place)
  const at = (key: keyof ProgramOptions) => `${place}.${key}`
  const { args = [], env = {}, cwd, instances = 1, priority = 999, exitCodes } = options
  const { stopSignal = 'SIGTERM', stopWait, group = false, restart = 'unexpected' } = options
  const { startFor = '1s', startRetries = 3, backoff = {} } = options
  if (typeof group !== 'boolean') throw invalidOption(at('group'), 'true or false', group)
  if (!RESTARTS.includes(restart)) {
    throw notOneOf(at('restart'), RESTARTS, restart)
  }
  if (typeof priority !== 'number' || !Number.isFinite(priority)) {
    throw invalidOption(at('priority'), 'a finite number (higher stops first)', priority)
  }
  return Object.freeze({
    name: parseText(options.name, at('name')),
    command: parseText(options.command, at('command')),
    args: parseArgs(args, at('args')),
    env: parseEnv(env, at('env')),
    cwd: cwd === undefined ? undefined : parseText(cwd, at('cwd')),
    instances: parseCount(instances, at('instances'), 1),
    priority,
    stopSignal: parseSignal(stopSignal, at('stopSignal')),
    stopWait: stopWait === undefined ? undefined : parseDuration(stopWait, at('stopWait')),
    group,
    restart,
    exitCodes: parseExitCodes(exitCodes, at('exitCodes')),
    startFor: parseDuration(startFor, at('startFor'), 0),
    startRetries: parseCount(startRetries, at('startRetries'), 0),
    backoff: parseBackoff(backoff, at('backoff')),
  })
}

const OPTIONS = optionNames<ProgramOptions>({
  name: true,
  command: true,
  args: true,
  env: true,
  cwd: true,
  instances: true,
  priority: true,
  stopSignal: true,
  stopWait: true,
  group: true,
  restart: true,
  exitCodes: true,
  startFor: true,
  startRetries: true,
  backoff: true,
})

const RESTARTS = ['always', 'unexpected', 'never']

function parseText(value: unknown, option: string): string {
  if (typeof value === 'string' && value.trim() !== '') return withoutNul(value, option)
  throw invalidOption(option, 'a string that is not empty', value)
}

/** Refuses NUL, which would end the text in a system call. */
function withoutNul(value: string, option: string): string {
  if (!value.includes('\0')) return value
  throw invalidOption(option, 'a string without a NUL character', value)
}

function parseArgs(value: unknown, option: string): readonly string[] {
  if (!Array.isArray(value)) {
    throw hiddenValue(option, "an array of strings, such as ['web.js', '--port', '3000']", value)
  }
  value.forEach((one, index) => {
    if (typeof one === 'string' && !one.includes('\0')) return
    throw hiddenValue(`${option}[${index}]`, 'a string without a NUL character', one)
  })
  return value
}

function parseEnv(value: unknown, option: string): Readonly<Record<string, string | null>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw hiddenValue(option, "an object of strings, such as { PORT: '3000' }", value)
  }
  for (const [key, one] of Object.entries(value)) {
    if (!/^[^=\0]+$/.test(key)) {
      throw invalidOption(option, 'made of names that are not empty, and hold no = and no NUL', key)
    }
    if (one === null || (typeof one === 'string' && !one.includes('\0'))) continue
    const rule = 'a string without a NUL character, or null to take the variable out'
    throw hiddenValue(`${option}.${key}`, rule, one)
  }
  return value as Record<string, string | null>
}

function parseCount(value: unknown, option: string, least: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value
  throw invalidOption(option, `an integer of ${least} or more`, value)
}
