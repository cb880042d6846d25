import type { Fault, Reason } from '../base/reason.ts'
import type { HookReport, PhaseReport, Report } from './report.ts'

/** Everything that happens, as a closed union: switch on `type`. Times count from the start of the run, in milliseconds. */
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
      /** How long it may take. */
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
  /** A signal that came while the run was under way and changed nothing. */
  | { readonly type: 'repeat'; readonly signal: NodeJS.Signals; readonly samePress: boolean }
  /** A second press: the process exits now, with this code. */
  | { readonly type: 'forced'; readonly signal: NodeJS.Signals; readonly exitCode: number }
  | { readonly type: 'fault'; readonly fault: Fault }
  | { readonly type: 'end'; readonly report: Report }
  /** The process exits with this code, once stdout and stderr are written. */
  | { readonly type: 'exit'; readonly exitCode: number }

/** The names that a listener can be added for. */
export const EVENTS: readonly string[] = [
  'start',
  'phase:start',
  'hook:start',
  'hook:note',
  'hook:end',
  'phase:end',
  'repeat',
  'forced',
  'fault',
  'end',
  'exit',
  'event',
] satisfies (keyof EventMap)[]

/** The event of one type. */
export type EventOf<Type extends ShutdownEvent['type']> = Extract<ShutdownEvent, { type: Type }>

/** The listeners' arguments by event name; `event` hears every one of them. */
export type EventMap = { [Type in ShutdownEvent['type']]: [EventOf<Type>] } & {
  event: [ShutdownEvent]
}
