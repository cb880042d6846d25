import { isProgram, WRAPPERS } from '../../../platform/programs.ts'
import type { LaunchContext } from './scripts.ts'

/** How many arguments come before a wrapper's command; `undefined` if it is no wrapper. */
export function wrapperOf(name: string, args: readonly string[]) {
  const ownOptions = (valued: RegExp) => {
    let at = 0
    while (args[at]?.startsWith('-') && args[at] !== '--') at += valued.test(args[at] ?? '') ? 2 : 1
    return args[at] === '--' ? at + 1 : at
  }
  const dashes = args.indexOf('--')
  if (isProgram(name, 'init')) return { taken: ownOptions(/^-[pe]$/), isInit: true }
  if (name === 'lastcall' && args[0] === 'run') {
    // --config has no command here; with --group the signal reaches all processes.
    const hasNone = args.includes('--group') || args.includes('--config') || dashes < 0
    return { taken: hasNone ? args.length : dashes + 1, isInit: true }
  }
  const isIn = (names: readonly string[]) => names.includes(name)
  if (isIn(WRAPPERS.environment)) {
    const first = args.findIndex((arg) => !/^-|=/.test(arg))
    return { taken: first < 0 ? args.length : first, isInit: false }
  }
  if (isIn(WRAPPERS.user)) {
    const options = ownOptions(/^-n$/)
    return { taken: options + (name === 'gosu' || name === 'su-exec' ? 1 : 0), isInit: false }
  }
  if (name === 'exec') return { taken: ownOptions(/^-a$/), isInit: false }
  if (isIn(WRAPPERS.variables) && dashes >= 0) return { taken: dashes + 1, isInit: false }
  return undefined
}

interface Managed {
  readonly script?: string | undefined
  readonly argv?: readonly string[]
}

/**
 * The script of package.json, or the command, that a package manager runs; `{}` if it is not known.
 * `undefined` if the program is no package manager, or its command ends by itself.
 */
export function managed(name: string, args: readonly string[]): Managed | undefined {
  const [first = '', ...rest] = args.filter((arg) => !/^(-s|--silent|--quiet|-q)$/.test(arg))
  if (isProgram(name, 'package runner')) {
    const [program = '', ...own] = [first, ...rest].filter(
      (arg) => !/^(-y|--yes|--no|--)$/.test(arg),
    )
    return program.startsWith('-') || program === '' ? {} : { argv: programOf(program, own) }
  }
  if (!isProgram(name, 'package manager')) return undefined
  // What comes after `--` belongs to the script.
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  if (own.some((arg) => ELSEWHERE.test(arg))) return {}
  if (first === 'exec' || first === 'dlx') {
    const [program = '', ...own] = rest.filter((arg) => arg !== '--')
    return { argv: programOf(program, own) }
  }
  if (first === 'run' || first === 'run-script' || first === 'rum') {
    return { script: rest.find((arg) => !arg.startsWith('-')) }
  }
  if (first === 'start' || first === 'run:start') return { script: 'start' }
  // yarn and pnpm run a script by its name alone. `npm ci` and others do their work and end.
  if (name === 'npm' || first === '' || first.startsWith('-')) {
    const later = args.find((arg) => arg === 'start' || arg === 'run')
    if (later === undefined) return undefined
    return { script: later === 'start' ? later : args[args.indexOf('run') + 1] }
  }
  if (first === 'node') return { argv: args }
  return /^(install|add|build|test)$/.test(first) ? undefined : { script: first }
}

/** Options that name another package. Its scripts are not in the nearest package.json. */
const ELSEWHERE =
  /^(?:--filter|-F|--workspace|-w|--recursive|-r|-C|--dir|--prefix|--cwd)(?:=|$)|^workspaces?$/

function programOf(program: string, args: readonly string[]): string[] {
  return program === 'node' ? ['node', ...args] : [`node_modules/.bin/${program}`, ...args]
}

/** The foreground form of a command that starts a daemon and returns. */
export function inForeground(name: string, args: readonly string[]): string[] | undefined {
  const verb = args.find((arg) => !arg.startsWith('-'))
  if (name === 'pm2' && (verb === 'start' || verb === 'restart' || verb === 'reload')) {
    const rest = args.filter((arg) => arg !== verb)
    return args.includes('--no-daemon') || args.includes('--attach')
      ? undefined
      : ['pm2-runtime', 'start', ...rest]
  }
  if (name !== 'forever') return undefined
  return ['node', ...args.filter((arg) => !arg.startsWith('-') && arg !== 'start')]
}

/** The programs that a command runs side by side; `undefined` if the end of one ends the others. */
export function severalOf(
  name: string,
  args: readonly string[],
  around: LaunchContext,
): string[] | undefined {
  const named = args.filter((arg) => !arg.startsWith('-'))
  const scripts = (names: readonly string[]) => names.map((one) => around.npmScript(one) ?? one)
  if (name === 'concurrently') {
    if (args.some((arg) => /^(-k|--kill-others.*)$/.test(arg))) return undefined
    return named.map((one) => {
      const script = /^(?:npm|yarn|pnpm)(?::|\s+run\s+)(\S+)$/.exec(one)?.[1]
      return (script && around.npmScript(script)) ?? one
    })
  }
  if (name === 'run-p') return scripts(named)
  if (name !== 'npm-run-all' && name !== 'npm-run-all2') return undefined
  const parallel = args.findIndex((arg) => /^(-p|--parallel)$/.test(arg))
  if (parallel < 0) return undefined
  return scripts(args.slice(parallel + 1).filter((arg) => !arg.startsWith('-')))
}
