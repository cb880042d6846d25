/** What starts an application again whenever a file changes, as it would be started without that. */
export function withoutWatching(name: string, args: readonly string[]): string[] | undefined {
  if (name === 'node' || name === 'bun' || name === 'deno') {
    // What comes after the script is the application's own.
    const first = args.findIndex(
      (arg, at) => !arg.startsWith('-') && !TAKES.test(args[at - 1] ?? ''),
    )
    const own = args.slice(0, first < 0 ? args.length : first)
    const kept = own.filter((arg) => !/^--(watch|hot)(-path|-preserve-output)?(=.*)?$/.test(arg))
    return kept.length === own.length ? undefined : [name, ...kept, ...args.slice(own.length)]
  }
  if (name === 'tsx') {
    const [first = '', ...rest] = args
    if (first === 'watch' || first === '--watch') return ['tsx', ...rest]
    return undefined
  }
  if (name === 'ts-node-dev' || name === 'tsnd') {
    return ['ts-node', ...args.filter((arg) => !OF_TS_NODE_DEV.test(arg))]
  }
  if (name === 'nest' && args[0] === 'start' && args.some((arg) => /^(-w|--watch)$/.test(arg))) {
    return ['node', 'dist/main.js']
  }
  if (name !== 'nodemon' && name !== 'supervisor') return undefined
  return started(args)
}

/** Options of node that take the next word. */
const TAKES = /^(-r|-C|--require|--import|--loader|--conditions|--env-file)$/

const OF_TS_NODE_DEV =
  /^--(respawn|transpile-only|clear|watch|ignore-watch|poll|quiet|notify)(=.*)?$/

/** What nodemon starts: its own options are left out, and --exec is what it starts it with. */
function started(args: readonly string[]): string[] {
  const kept: string[] = []
  let runner = ['node']
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    if (/^(-x|--exec)$/.test(arg)) runner = (args[++at] ?? 'node').split(/\s+/)
    else if (
      /^(-w|--watch|-e|--ext|-i|--ignore|-d|--delay|-s|--signal|--config|-C|--cwd)$/.test(arg)
    )
      at++
    else if (kept.length > 0 || !arg.startsWith('-') || /^--(require|import|inspect)/.test(arg))
      kept.push(arg)
  }
  if (kept.length === 0 && runner.length > 1) return runner
  return [...runner, ...(kept.length === 0 ? ['.'] : kept)]
}
