import { createShutdown, detectPlatform } from '../create-shutdown.ts'
import type { StateChange } from '../workers/supervise/states.ts'
import { supervise } from '../workers/supervise/supervise.ts'
import { readConfig, shareTime } from './config.ts'
import { PROBLEMS, told } from './failure.ts'
import { terminal } from './terminal.ts'

/** How a group is run. */
export interface GroupOptions {
  /** What the platform grants, in milliseconds; `undefined` for what the file says, or what is known. */
  readonly grace: number | undefined
  /** Whether every change of state is told. */
  readonly verbose: boolean
  readonly onStart: () => void
}

/** Runs the programs of a configuration file until they have ended or a signal has ended them. */
export async function runGroup(path: string, options: GroupOptions): Promise<void> {
  const config = readConfig(path)
  const grace = options.grace ?? config.grace ?? detectPlatform().grace
  // The programs have sessions of their own: what ends this process by default would leave them behind.
  const shutdown = createShutdown({
    grace,
    signals: ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'],
    log: PROBLEMS,
  })
  const programs = told(() => {
    const { exitOn = 'all' } = config
    const group = supervise(shareTime(config.programs, grace), { exitOn, log: PROBLEMS })
    shutdown.add(group)
    return group
  }, path)
  if (options.verbose) programs.on('state', tell)
  shutdown.listen()
  programs.start()
  options.onStart()
  terminal.endWith(await programs.ended)
  await shutdown.now('the programs have ended')
}

function tell({ name, from, to, pid, exitCode, signal }: StateChange): void {
  const ending = signal ?? (exitCode === null ? undefined : `exit code ${exitCode}`)
  const details = [pid === null ? [] : `pid ${pid}`, ending ?? []].flat().join(', ')
  terminal.complain(`'${name}' ${from} → ${to}${details === '' ? '' : ` (${details})`}`)
}
