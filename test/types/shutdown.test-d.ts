import { subscribe } from 'node:diagnostics_channel'
import {
  AbortError,
  createShutdown,
  detectPlatform,
  type EventMap,
  type EventOf,
  type ExitCodes,
  formatReport,
  type HookTrace,
  LastcallError,
  type LastcallErrorCode,
  type Logger,
  type LogOptions,
  type Outcome,
  PHASES,
  type PhaseName,
  type PhaseTrace,
  type Platform,
  type Reason,
  type Report,
  type Shutdown,
  type ShutdownEvent,
  type ShutdownOptions,
  type ShutdownTrace,
  TimeoutError,
} from 'lastcall'

declare function takes<T>(value: T): void
declare function never(value: never): never
declare const shutdown: Shutdown
declare const report: Report

takes<Shutdown>(createShutdown())
takes<ShutdownOptions>({
  grace: '30s',
  margin: 500,
  phases: { 'warm-down': 350, sweep: { priority: 50, reserve: '1s' } },
  signals: {
    on: ['SIGTERM', 'SIGHUP'],
    forceOn: [],
    samePressWithin: '100ms',
    others: 'after',
    othersWithin: '2s',
  },
  exitCodes: { clean: 'signal', failed: 2, deadline: 3, fault: 4, forced: 'signal' },
  exit: false,
  faults: false,
  beforeExit: true,
  messages: ['shutdown'],
  log: false,
})
createShutdown({ log: 'json' })
createShutdown({ name: 'admin' })
createShutdown({ log: { level: 'warn' } })
createShutdown({ log: console })
takes<Logger>(console)
takes<LogOptions>({ format: 'text', level: 'debug' })
// @ts-expect-error: what is lost is told by no level
createShutdown({ log: { level: 'fatal' } })
// @ts-expect-error: a logger warns as well
createShutdown({ log: { info: () => {}, error: () => {} } })
// @ts-expect-error: there is nothing to switch on
createShutdown({ log: true })
// @ts-expect-error: misspelt
createShutdown({ grase: '10s' })
// @ts-expect-error: no signal has this name
createShutdown({ signals: ['SIGTREM'] })
// @ts-expect-error: a list of them
createShutdown({ signals: 'SIGTERM' })
// @ts-expect-error: no duration
createShutdown({ grace: true })
// @ts-expect-error: a hook that failed has no signal
takes<ExitCodes>({ failed: 'signal' })
// @ts-expect-error: no way in which a run ends
takes<ExitCodes>({ late: 3 })

takes<() => void>(shutdown.listen())
takes<Promise<Report>>(shutdown.now())
takes<Promise<Report>>(shutdown.now('deploy'))
// @ts-expect-error: a note is a text
shutdown.now({ note: 'deploy' })
takes<Report | undefined>(shutdown.report)
// @ts-expect-error: it is undefined until the run is over
takes<Report>(shutdown.report)
// @ts-expect-error: it is for reading
shutdown.signal = new AbortController().signal
takes<Platform>(detectPlatform())

takes<() => void>(shutdown.on('end', ({ report }) => takes<Report>(report)))
shutdown.on('hook:end', ({ hook }) => takes<'done' | 'failed' | 'cut off'>(hook.status))
shutdown.on('forced', ({ signal, exitCode }) => takes<[NodeJS.Signals, number]>([signal, exitCode]))
shutdown.on('forced', ({ running, waiting }) => takes<(readonly string[])[]>([running, waiting]))
shutdown.on('exit', ({ outcome, because }) => takes<[Outcome, string | null]>([outcome, because]))
shutdown.on('event', (event) => takes<ShutdownEvent>(event))
// @ts-expect-error: there is no such event
shutdown.on('finish', () => undefined)
// @ts-expect-error: a note has no hook's account
shutdown.on('hook:note', ({ hook }) => hook.status)
// @ts-expect-error: the end has no exit code
shutdown.on('end', (event) => event.exitCode)
takes<keyof EventMap>('event')
takes<[EventOf<'start'>]>([] as unknown as EventMap['start'])

/** Every event, and no other: a new one is an error here, as it is in an application that does so. */
export function told(event: ShutdownEvent): unknown {
  switch (event.type) {
    case 'start':
      return event.reason
    case 'phase:start':
    case 'hook:start':
      return event.phase
    case 'hook:note':
      return event.text
    case 'hook:end':
      return event.hook.error
    case 'phase:end':
      return event.phase.hooks
    case 'repeat':
      return event.samePress
    case 'forced':
    case 'exit':
      return event.exitCode
    case 'fault':
      return event.fault.origin
    case 'end':
      return event.report
    default:
      return never(event)
  }
}

/** Every reason, and no other. */
export function why(reason: Reason): string | null {
  switch (reason.kind) {
    case 'signal':
      return reason.signal
    case 'fault':
      return reason.error.message
    case 'message':
      return reason.message
    case 'empty':
      return reason.kind
    case 'call':
      return reason.note
    default:
      return never(reason)
  }
}

takes<string>(formatReport(report, { width: 100, colors: true }))
takes<1>(report.version)
takes<Outcome>(report.outcome)
// @ts-expect-error: a report is for reading
report.exitCode = 0
// @ts-expect-error: so are its lists
report.phases.push()
declare const phase: Report['phases'][number]
declare const hook: (typeof phase)['hooks'][number]
// @ts-expect-error: and what they hold
phase.hooks.pop()
// @ts-expect-error: and what that holds
hook.status = 'done'
// @ts-expect-error: and its notes
hook.notes.push('late')

takes<PhaseName>(PHASES[0].name)
takes<600>(PHASES[0].priority)
// @ts-expect-error: the phases are for reading
PHASES[0].priority = 1

declare const error: LastcallError
takes<LastcallErrorCode>(error.code)
takes<Error>(error)
takes<LastcallError>(new TimeoutError('late'))
takes<LastcallError>(new AbortError('leaving', undefined))
takes<'TimeoutError'>(new TimeoutError('late').name)
takes<LastcallErrorCode>('LASTCALL_NAME_TAKEN')
// @ts-expect-error: there is no such code
takes<LastcallErrorCode>('LASTCALL_NAME')
// @ts-expect-error: there is no such code either
new LastcallError('ENOENT', 'no')
// @ts-expect-error: a code stays as it is
error.code = 'LASTCALL_ENDED'

subscribe('tracing:lastcall.shutdown:asyncEnd', (message) => {
  const { report, waitUntil } = message as ShutdownTrace
  takes<Report | undefined>(report)
  waitUntil(Promise.resolve())
  // @ts-expect-error: nothing to wait for
  waitUntil()
})
subscribe('tracing:lastcall.hook:asyncEnd', (message) => {
  const { shutdown, phase, hook, limit, status } = message as HookTrace
  takes<[ShutdownTrace, string, string, number]>([shutdown, phase, hook, limit])
  takes<'done' | 'failed' | 'cut off' | undefined>(status)
})
takes<ShutdownTrace>({} as PhaseTrace['shutdown'])
