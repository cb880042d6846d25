import { optionNames } from '../base/errors.ts'
import type { Fault, Reason } from '../base/reason.ts'
import type { HookReport, PhaseReport, Report } from './report.ts'

/** Everything that happens in a shutdown: switch on `type`. Times are milliseconds since it began. */
export type ShutdownEvent =
  | {
      readonly type: 'start'
      readonly reason: Reason
      readonly grace: number
      readonly deadline: number
    }
  | {
      readonly type: 'phase:start'
      readonly phase: string
      readonly priority: number
      readonly at: number
    }
  | {
      readonly type: 'hook:start'
      readonly hook: string
      readonly phase: string
      readonly at: number
      /** How long the hook may take. */
      readonly limit: number
    }
  | {
      readonly type: 'hook:note'
      readonly hook: string
      readonly text: string
      readonly at: number
    }
  | { readonly type: 'hook:end'; readonly hook: HookReport }
  | { readonly type: 'phase:end'; readonly phase: PhaseReport }
  /** A signal that came after the shutdown had begun, and changed nothing. */
  | { readonly type: 'repeat'; readonly signal: NodeJS.Signals; readonly samePress: boolean }
  /** A second press: the process exits at once, with this code. */
  | { readonly type: 'forced'; readonly signal: NodeJS.Signals; readonly exitCode: number }
  | { readonly type: 'fault'; readonly fault: Fault }
  | { readonly type: 'end'; readonly report: Report }
  /** The process exits with this code as soon as stdout and stderr are written. */
  | { readonly type: 'exit'; readonly exitCode: number }

/** The names of the events that `on()` takes. */
export const EVENTS = optionNames<EventMap>({
  start: true,
  'phase:start': true,
  'hook:start': true,
  'hook:note': true,
  'hook:end': true,
  'phase:end': true,
  repeat: true,
  forced: true,
  fault: true,
  end: true,
  exit: true,
  event: true,
})

/** The event of one type. */
export type EventOf<Type extends ShutdownEvent['type']> = Extract<ShutdownEvent, { type: Type }>

/** The arguments of listeners, by the name of the event. Listeners for `event` get all events. */
export type EventMap = { [Type in ShutdownEvent['type']]: [EventOf<Type>] } & {
  event: [ShutdownEvent]
}
