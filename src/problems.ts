import type { Coordinator } from './coordinator.ts'
import { formatDuration } from './duration.ts'
import type { ProcessPort } from './process.ts'
import type { ErrorInfo } from './reason.ts'
import type { HookReport } from './report.ts'
import { underWay } from './under-way.ts'

/** Says what goes wrong, as it does, one line each and the stack where there is one. A clean run says nothing. */
export function tellProblems(coordinator: Coordinator, warn: (text: string) => void): void {
  const tell = (line: string) => warn(`lastcall: ${line}\n`)
  coordinator.on('hook:end', ({ hook }) => {
    if (hook.status !== 'done') tell(describe(hook))
  })
  coordinator.on('fault', ({ fault }) => tell(`${fault.origin}: ${trace(fault.error)}`))
  coordinator.on('forced', ({ signal, exitCode }) =>
    tell(
      `${signal} again: exiting at once with code ${exitCode}; hooks that were running are lost`,
    ),
  )
}

/**
 * Says what is lost when somebody else ends the process during a run, and keeps its code from
 * telling that all was well.
 */
export function tellEarlyExit(coordinator: Coordinator, host: ProcessPort, code: number): void {
  const lost = coordinator.unfinished
  if (lost.length === 0) return
  host.warn(
    `lastcall: process.exit() was called during the shutdown; these hooks are lost: ${lost.join(', ')}\n`,
  )
  host.failWith(code)
}

function describe({
  name,
  phase,
  priority,
  status,
  began,
  limit,
  notes,
  error,
  hang,
}: HookReport): string {
  const which = `hook '${name}' (${phase ?? `priority ${priority}`})`
  const said = notes.map((note) => `\n  ${note}`).join('')
  const meanwhile = underWay({ hang })
    .map((line) => `\n  ${line}`)
    .join('')
  if (status === 'failed') return `${which} failed: ${error ? trace(error) : ''}${said}`
  if (began === null) return `${which} never ran: the deadline had passed before it could begin`
  return `${which} was cut off after ${formatDuration(limit)}${said}${meanwhile}`
}

function trace({ name, message, stack, cause, errors }: ErrorInfo): string {
  const inner = [
    ...errors.map((error) => `\n  one of them: ${trace(error)}`),
    ...(cause ? [`\n  caused by: ${trace(cause)}`] : []),
  ]
  return `${stack ?? `${name}: ${message}`}${inner.join('')}`
}
