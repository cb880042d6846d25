import { formatDuration } from '../../base/duration.ts'
import type { Log } from '../../observe/log.ts'
import type { StateChange } from './states.ts'

/** Logs a change of state where something is wrong; all others are left to listeners. */
export function logProblem(change: StateChange, log: Log): void {
  const { name, from, to, pid, exitCode, signal, problem, stderr, restartIn } = change
  if (problem === null) return
  const fields = {
    event: 'state',
    program: name,
    from,
    to,
    child: pid,
    exitCode,
    signal,
    restartIn,
  }
  if (to !== 'FATAL') {
    const next = restartIn === null ? '' : `; starting it again in ${formatDuration(restartIn)}`
    const level = restartIn === null ? 'error' : 'warn'
    log.write({ level, fields, msg: `'${name}' ${problem}${next}` })
    return
  }
  const lines = stderr.map((line) => `\n    ${line}`).join('')
  const lastLines = lines === '' ? '' : `\n  the last that it wrote to stderr:${lines}`
  log.write({
    level: 'error',
    fields: { ...fields, stderr },
    msg: `'${name}' is FATAL: it ${problem}${lastLines}`,
  })
}
