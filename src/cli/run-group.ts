import { createShutdown, detectPlatform } from '../create-shutdown.ts'
import { budgetOf } from '../engine/budget.ts'
import type { StateChange } from '../workers/supervise/states.ts'
import { supervise } from '../workers/supervise/supervise.ts'
import { readConfig, shareTime } from './config.ts'
import { asUsageError, PROBLEM_LOG } from './failure.ts'
import { terminal } from './terminal.ts'

/**
 * Runs the programs of a configuration file until they have ended or a signal has ended them. The grace
 * is in milliseconds; without it, the file's or else the platform's applies.
 */
export async function runGroup(
  path: string,
  options: { grace: number | undefined; verbose: boolean; onStart: () => void },
): Promise<void> {
  const config = readConfig(path)
  const given = options.grace ?? config.grace
  const from = given === undefined ? 'platform' : 'option'
  const grace = given ?? detectPlatform().grace
  // The programs run in their own sessions. A signal that ended only this process would leave them behind.
  const shutdown = createShutdown({
    ...(given === undefined ? {} : { grace: given, margin: marginOf(given) }),
    signals: ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'],
    log: PROBLEM_LOG,
  })
  const programs = asUsageError(() => {
    const { exitOn = 'all' } = config
    const group = supervise(shareTime(config.programs, grace, from), { exitOn, log: PROBLEM_LOG })
    shutdown.add(group)
    return group
  }, path)
  if (options.verbose) programs.on('state', printStateChange)
  shutdown.listen()
  programs.start()
  options.onStart()
  terminal.setExitCode(await programs.ended)
  await shutdown.now('the programs have ended')
}

/** The margin of a shutdown, also where the grace is short: then half of it. */
function marginOf(grace: number): number {
  return Math.floor(budgetOf(grace, undefined, 'platform').margin)
}

function printStateChange({ name, from, to, pid, exitCode, signal }: StateChange): void {
  const ending = signal ?? (exitCode === null ? undefined : `exit code ${exitCode}`)
  const details = [pid === null ? [] : `pid ${pid}`, ending ?? []].flat().join(', ')
  terminal.printError(`'${name}' ${from} → ${to}${details === '' ? '' : ` (${details})`}`)
}
