import type { Invocation } from './command-line.ts'
import { DEFAULT_OUTPUT } from './commands.ts'
import { usageError } from './failure.ts'
import { graceOf, rewritesOf } from './options.ts'
import { claimPidFile } from './pid-file.ts'
import { terminal } from './terminal.ts'

/** Runs one program or a group, in the foreground or in the background. */
export async function run(invocation: Invocation<'run'>): Promise<void> {
  const { program, options } = invocation
  const { config, group = false, verbose = false } = options
  const grace = graceOf(options.grace)
  const rewrites = rewritesOf(options.signal ?? [])
  refuseContradictions(invocation)
  if (options.detach && !terminal.isDetached()) {
    const { detach } = await import('./detach.ts')
    terminal.print(String(await detach(options.output ?? DEFAULT_OUTPUT)))
    return
  }
  const removePidFile = options.pidfile === undefined ? () => {} : claimPidFile(options.pidfile)
  terminal.onExit(removePidFile)
  const onStart = () => terminal.notifyStarter({ pid: terminal.pid })
  if (config !== undefined) {
    const { runGroup } = await import('./run-group.ts')
    await runGroup(config, { grace, verbose, onStart })
  } else {
    const { runProgram } = await import('./run-program.ts')
    const [command = '', ...args] = program
    terminal.exit(await runProgram(command, args, { grace, rewrites, group, onStart }))
  }
}

function refuseContradictions({ program, options }: Invocation<'run'>): void {
  const problem = contradictionIn((program[0] ?? '') !== '', options)
  if (problem !== undefined) throw usageError(problem)
}

function contradictionIn(hasProgram: boolean, options: Invocation<'run'>['options']) {
  const isGroup = options.config !== undefined
  if (!isGroup && !hasProgram) {
    return 'nothing to run: write the program after --, as in lastcall run -- node worker.js, or name a --config'
  }
  if (isGroup && hasProgram) {
    return 'a program and --config cannot be used together: put the program into the file'
  }
  if (isGroup && (options.signal !== undefined || options.group)) {
    return '--signal and --group are for one program: in a group, each program has stopSignal and group in the file'
  }
  if (!isGroup && options.verbose) return '--verbose is for a group: one program has no states'
  if (options.output !== undefined && !options.detach) {
    return '--output needs --detach: in the foreground the program writes to stdout and stderr of lastcall'
  }
  return undefined
}
