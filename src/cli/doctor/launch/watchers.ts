import { isProgram, runtimeOptions, watchesByArguments } from '../../../platform/programs.ts'

/**
 * The command without its watcher, if it restarts the application when a file changes; otherwise
 * `undefined`.
 */
export function withoutWatching(name: string, args: readonly string[]): string[] | undefined {
  if (isProgram(name, 'runtime')) {
    const own = runtimeOptions(args)
    const kept = own.filter((arg) => !/^--(watch|hot)(-path|-preserve-output)?(=.*)?$/.test(arg))
    return kept.length === own.length ? undefined : [name, ...kept, ...args.slice(own.length)]
  }
  if (watchesByArguments(name, args)) {
    return name === 'nest' ? ['node', 'dist/main.js'] : [name, ...args.slice(1)]
  }
  if (!isProgram(name, 'watcher')) return undefined
  if (name === 'nodemon' || name === 'supervisor') return startedBy(args)
  const kept = args.filter((arg) => !OF_NODE_DEV.test(arg))
  return [name === 'node-dev' ? 'node' : 'ts-node', ...kept]
}

/** The options of node-dev and ts-node-dev. */
const OF_NODE_DEV = /^--(respawn|transpile-only|clear|watch|ignore-watch|poll|quiet|notify)(=.*)?$/

/** Options of nodemon that take the next word. */
const TAKES_VALUE = /^(-w|--watch|-e|--ext|-i|--ignore|-d|--delay|-s|--signal|--config|-C|--cwd)$/

/** The command that nodemon starts: the program of --exec, and the arguments without nodemon's options. */
function startedBy(args: readonly string[]): string[] {
  const kept: string[] = []
  let runner = ['node']
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    if (/^(-x|--exec)$/.test(arg)) runner = (args[++at] ?? 'node').split(/\s+/)
    else if (TAKES_VALUE.test(arg)) at++
    else if (kept.length > 0 || !arg.startsWith('-') || /^--(require|import|inspect)/.test(arg))
      kept.push(arg)
  }
  if (kept.length === 0 && runner.length > 1) return runner
  return [...runner, ...(kept.length === 0 ? ['.'] : kept)]
}
