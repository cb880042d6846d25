import type { ProcessInspection } from '../runtime/process-inspection.ts'
import { printable } from '../text/printable.ts'
import { shorten } from '../text/width.ts'
import { isProgram, runtimeOptions, watchesByArguments } from './programs.ts'

/**
 * What a process is to its children. A `shell` runs a command or a script; a `terminal` is a shell that a
 * person types into.
 */
export type ProcessKind =
  | 'self'
  | 'init'
  | 'shell'
  | 'terminal'
  | 'package manager'
  | 'watcher'
  | 'supervisor'
  | 'other'

/** A process, as `/proc` describes it. */
export interface ProcessInfo {
  readonly pid: number
  readonly kind: ProcessKind
  /** The name of its program: `npm`, `sh`, `tini`. */
  readonly name: string
  /**
   * Its name and, where that says more, the name of what it runs: `npm run start`, `sh entrypoint.sh`,
   * `node --watch`. At most 100 characters. Other arguments are left out: they may hold secrets.
   */
  readonly command: string
  /** The signals that it ignores. */
  readonly ignored: readonly string[]
}

/** Describes a process. `undefined` where there is none, or the system has no `/proc` (proc(5)). */
export function processInfo(inspection: ProcessInspection, pid: number): ProcessInfo | undefined {
  const status = inspection.read(`/proc/${pid}/status`)
  if (status === undefined) return undefined
  const argv = (inspection.read(`/proc/${pid}/cmdline`) ?? '')
    .split('\0')
    .filter((arg) => arg !== '')
  const [program = fieldOf(status, 'Name') ?? '', ...args] = argv
  const { kind, name } =
    pid === inspection.pid
      ? ({ kind: 'self', name: titleOf(program) } as const)
      : classify(program, args)
  return {
    pid,
    kind,
    name: short(name),
    command: short([name, ...wordsToShow(kind, program, args)].join(' ')),
    ignored: signalsInMask(inspection, status, 'SigIgn'),
  }
}

function short(text: string): string {
  return shorten(printable(text), 100)
}

/**
 * What a process runs, in words that hold no secret: a script's file name, the subcommand of a tool and the
 * name of a script of package.json, the option that makes a runtime watch. No other argument, and no
 * command of `sh -c`.
 */
function wordsToShow(kind: ProcessKind, program: string, args: readonly string[]): string[] {
  if (kind === 'shell') return isScript(args[0]) ? [baseOf(args[0])] : []
  if (kind !== 'package manager' && kind !== 'watcher') return []
  const isRuntime = isProgram(titleOf(program), 'runtime')
  if (isRuntime && watchesByArguments(titleOf(program), args)) return ['--watch']
  // npm writes its arguments into its title. Other tools are scripts of a runtime.
  const [, ...title] = program.split(/\s+/)
  const words = isRuntime ? args.slice(runtimeOptions(args).length + 1) : [...title, ...args]
  const [command = '', script = ''] = words
  if (!NAME.test(command)) return []
  return /^run(-script)?$/.test(command) && NAME.test(script) ? [command, script] : [command]
}

/** A subcommand, or the name of a script of package.json. Assignments and options are none. */
const NAME = /^[a-z][\w.:/-]*$/i

/** The first argument of a shell, if it is a file to run. */
function isScript(argument: string | undefined): argument is string {
  return argument !== undefined && /^[^-+]/.test(argument)
}

/** The parent processes, the nearest first, up to PID 1. Ends at a process that cannot be seen. */
export function parentsOf(inspection: ProcessInspection): ProcessInfo[] {
  const parents: ProcessInfo[] = []
  for (let pid = inspection.pid; parents.length < 64; ) {
    pid = Number(fieldOf(inspection.read(`/proc/${pid}/status`) ?? '', 'PPid') ?? 0)
    const info = pid > 0 ? processInfo(inspection, pid) : undefined
    if (!info) break
    parents.push(info)
  }
  return parents
}

/** The names of the signals whose bits are set in a line of `/proc/<pid>/status`. */
export function signalsInMask(
  inspection: ProcessInspection,
  status: string,
  line: 'SigIgn' | 'SigBlk' | 'SigCgt',
): string[] {
  const bits = BigInt(`0x${fieldOf(status, line) ?? '0'}`)
  // Some numbers have two names. The first is the usual one.
  const seen = new Set<number>()
  return Object.entries(inspection.signals).flatMap(([name, number]) => {
    if (seen.has(number) || ((bits >> BigInt(number - 1)) & 1n) === 0n) return []
    seen.add(number)
    return [name]
  })
}

function fieldOf(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1]
}

/** The kind and the name of a process. If a runtime runs a known tool, the name is the tool's. */
function classify(program: string, args: readonly string[]): { kind: ProcessKind; name: string } {
  const title = titleOf(program)
  const whole = baseOf(program)
  if (isProgram(whole.replace(/^-/, ''), 'shell')) {
    const isTerminal = program.startsWith('-') || isTypedInto(args)
    return { kind: isTerminal ? 'terminal' : 'shell', name: title }
  }
  if (isProgram(whole, 'init', 'system init')) return { kind: 'init', name: title }
  if (isProgram(title, 'supervisor')) return { kind: 'supervisor', name: title }

  // npm and others overwrite their command line with a title. Other tools are scripts of a runtime.
  const kind = kindOfTool(title, args)
  if (kind) return { kind, name: title }
  if (isProgram(whole, 'runtime')) {
    const at = runtimeOptions(args).length
    const script = baseOf(args[at] ?? '').replace(/(-cli)?\.[cm]?js$/, '')
    const scriptKind = kindOfTool(script, args.slice(at + 1))
    if (scriptKind) return { kind: scriptKind, name: script === 'lastcall' ? title : script }
  }
  return { kind: 'other', name: title }
}

function kindOfTool(name: string, args: readonly string[]): ProcessKind | undefined {
  if (name === 'lastcall') return 'init'
  if (isProgram(name, 'package manager', 'package runner')) return 'package manager'
  return isProgram(name, 'watcher') || watchesByArguments(name, args) ? 'watcher' : undefined
}

/** Whether a person types into the shell: it has no command and no script. Editors pass theirs an init file. */
function isTypedInto(args: readonly string[]): boolean {
  const own = args.filter(
    (_, at) => !/^--(init-file|rcfile|init-command)$/.test(args[at - 1] ?? ''),
  )
  return own.every((arg) => /^-([^-c][^c]*)?$|^--(?!command)./.test(arg))
}

/** The name of a program, without the rest of a title such as `npm run start`. */
function titleOf(program: string): string {
  return baseOf(program).split(/\s/)[0]?.replace(/^-/, '') ?? ''
}

/** A path without its folders. Slashes after a space belong to a title, and stay. */
function baseOf(path: string): string {
  const [program = '', ...rest] = path.split(/\s/)
  return [program.replace(/^.*\//, ''), ...rest].join(' ')
}
