import { type Duration, parseDuration } from '../../base/duration.ts'
import { invalidOption, refuseUnknownOptions } from '../../base/errors.ts'
import { describeExitStatus } from '../../runtime/exit-status.ts'
import { type Command, parseCommand } from './command.ts'
import type { Environment } from './environment.ts'
import type { ProgramSettings } from './options.ts'
import { StartedProgram } from './program.ts'
import type { Stopping } from './stop-program.ts'

/** What a pod's preStop hook does: a command, or a sleep. */
export type PreStop = Command | { readonly sleep: Duration }

/** Runs a hook beside the program, until either ends or the grace ends. Resolves with a function that ends the hook. */
type RunPreStop = (program: StartedProgram, stopping: Stopping) => Promise<() => Promise<void>>

/**
 * @param env the variables of the platform
 * @throws LastcallError `LASTCALL_INVALID_OPTION`
 */
export function parsePreStop(
  preStop: PreStop | undefined,
  settings: ProgramSettings,
  env: Environment,
): RunPreStop {
  if (preStop === undefined) return async () => noop
  if (typeof preStop === 'string' || Array.isArray(preStop)) {
    const words = parseCommand(preStop, 'preStop')
    return (program, stopping) =>
      run(() => StartedProgram.start(words, settings, { env }), program, stopping)
  }
  if (typeof preStop !== 'object' || preStop === null) {
    throw invalidOption('preStop', "a command, or a sleep such as { sleep: '5s' }", preStop)
  }
  refuseUnknownOptions(preStop, ['sleep'], "{ sleep: '5s' }", 'preStop')
  const sleep = parseDuration((preStop as { sleep: Duration }).sleep, 'preStop.sleep', 0)
  return async (program, { grace }) => {
    await program.endsWithin(Math.min(sleep, grace))
    return noop
  }
}

const noop = async () => {}

/** Runs a command. In a pod the hook ends with the container: the returned function ends it. */
async function run(
  start: () => Promise<StartedProgram>,
  program: StartedProgram,
  { grace, note }: Stopping,
): Promise<() => Promise<void>> {
  try {
    const hook = await start()
    await Promise.race([hook.endsWithin(grace), program.ended])
    const what = `the preStop hook \`${hook.name}\``
    if (hook.status && hook.status.code !== 0) {
      await hook.end()
      note(`${what} has ended with ${describeExitStatus(hook.status)}: ${hook.stderr.trim()}`)
    } else if (!hook.hasEnded && !program.hasEnded) {
      note(`${what} was still running at the end of the grace`)
    }
    return () => hook.end()
  } catch (error) {
    // Go on, as the kubelet does.
    note(`the preStop hook: ${(error as Error).message}`)
    return noop
  }
}
