import type { ProcessInspection } from '../runtime/process-inspection.ts'

/**
 * What a process is to the one below it. A `shell` runs a command or a script; a `terminal` is a shell
 * that somebody types into.
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

/** A process, as /proc tells of it. */
export interface ProcessInfo {
  readonly pid: number
  readonly kind: ProcessKind
  /** The name of its program: `npm`, `sh`, `tini`. */
  readonly name: string
  /** The start of its command line, of what is known to be in front; of others the name alone. */
  readonly command: string
  /** The signals that it ignores. */
  readonly ignored: readonly string[]
}

/** What proc(5) has of a process, or nothing. */
export function processInfo(inspection: ProcessInspection, pid: number): ProcessInfo | undefined {
  const status = inspection.read(`/proc/${pid}/status`)
  if (status === undefined) return undefined
  const argv = (inspection.read(`/proc/${pid}/cmdline`) ?? '')
    .split('\0')
    .filter((arg) => arg !== '')
  const comm = field(status, 'Name') ?? ''
  const kind = pid === inspection.pid ? 'self' : kindOf(argv, comm)
  const name = programNameOf(argv, comm, kind)
  // What others are started with may hold what is nobody's business in a log.
  const isTold = kind !== 'other' && kind !== 'self'
  const command = isTold ? argv.join(' ') || comm : name
  return {
    pid,
    kind,
    name,
    command: shorten(command),
    ignored: signalsInMask(inspection, status, 'SigIgn'),
  }
}

/** Its parents, the nearest first, up to PID 1; those that are not to be seen are left out. */
export function parentsOf(inspection: ProcessInspection): ProcessInfo[] {
  const parents: ProcessInfo[] = []
  for (let pid = inspection.pid; parents.length < 64; ) {
    pid = Number(field(inspection.read(`/proc/${pid}/status`) ?? '', 'PPid') ?? 0)
    const info = pid > 0 ? processInfo(inspection, pid) : undefined
    if (!info) break
    parents.push(info)
  }
  return parents
}

/** The signals that a line of /proc/…/status names, by the bits of its number. */
export function signalsInMask(
  inspection: ProcessInspection,
  status: string,
  line: string,
): string[] {
  const bits = BigInt(`0x${field(status, line) ?? '0'}`)
  const names = Object.entries(inspection.signals)
  // Some numbers have two names, and the first is the usual one.
  const seen = new Set<number>()
  return names.flatMap(([name, number]) => {
    if (seen.has(number) || ((bits >> BigInt(number - 1)) & 1n) === 0n) return []
    seen.add(number)
    return [name]
  })
}

function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1]
}

const SHELL = /^-?(sh|bash|dash|ash|zsh|fish|ksh|busybox)$/
const INIT = /^(tini|tini-static|dumb-init|catatonit|docker-init|systemd|init|launchd)$/
const SUPERVISOR = /^(PM2|pm2|supervisord|runsv|s6-supervise|forever)\b/
const MANAGER = /^(npm|npx|yarn|pnpm|yarnpkg|bunx)$/
const WATCHER = /^(nodemon|ts-node-dev|tsnd|node-dev|supervisor)$/

function kindOf(argv: readonly string[], comm: string): ProcessKind {
  const [program = comm, ...args] = argv
  const base = baseOf(program)
  if (SHELL.test(base)) {
    return program.startsWith('-') || isTypedInto(args) ? 'terminal' : 'shell'
  }
  if (INIT.test(base)) return 'init'
  if (SUPERVISOR.test(program)) return 'supervisor'
  // npm and its kind write what they do over their command line; others are scripts that node runs.
  const [title = ''] = base.split(' ')
  const script = baseOf(args.find((arg) => !arg.startsWith('-')) ?? '').replace(
    /(-cli)?\.[cm]?js$/,
    '',
  )
  if (title === 'lastcall' || script === 'lastcall') return 'init'
  if (MANAGER.test(title) || (isNode(base) && MANAGER.test(script))) return 'package manager'
  const own = args.slice(
    0,
    Math.max(
      0,
      args.findIndex((arg) => !arg.startsWith('-')),
    ),
  )
  const watches =
    own.some((arg) => /^--watch/.test(arg)) || (script === 'tsx' && args.includes('watch'))
  if (WATCHER.test(title) || (isNode(base) && (WATCHER.test(script) || watches))) return 'watcher'
  return 'other'
}

/** What is typed into has no command and no script; editors give theirs a file to begin with. */
function isTypedInto(args: readonly string[]): boolean {
  const own = args.filter(
    (_, at) => !/^--(init-file|rcfile|init-command)$/.test(args[at - 1] ?? ''),
  )
  return own.every((arg) => /^-([^-c][^c]*)?$|^--(?!command)./.test(arg))
}

function programNameOf(argv: readonly string[], comm: string, kind: ProcessKind): string {
  const [program = comm, ...args] = argv
  const title = baseOf(program).split(' ')[0] ?? ''
  const isScript = isNode(title) && (kind === 'package manager' || kind === 'watcher')
  const script = baseOf(args.find((arg) => !arg.startsWith('-')) ?? '').replace(
    /(-cli)?\.[cm]?js$/,
    '',
  )
  return isScript && (MANAGER.test(script) || WATCHER.test(script) || script === 'tsx')
    ? script
    : title.replace(/^-/, '')
}

function isNode(name: string): boolean {
  return /^(node|nodejs|bun|deno)$/.test(name)
}

function baseOf(path: string): string {
  // Not the slashes of what a program has written over its command line.
  const [program = '', ...rest] = path.split(' ')
  return [program.replace(/^.*\//, ''), ...rest].join(' ')
}

function shorten(text: string): string {
  const clean = text.replace(/\s+/g, ' ')
  return clean.length > 100 ? `${clean.slice(0, 99)}…` : clean
}
