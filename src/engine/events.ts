import { optionNames } from '../base/errors.ts'
import type { Fault, Reason } from '../base/reason.ts'
import type { NoteLevel } from './hook.ts'
import type { HookReport, Outcome, PhaseReport, Report } from './report.ts'

/** Everything that happens in a shutdown: switch on `type`. Times are milliseconds since it began. */
export type ShutdownEvent = Readonly<
  | { type: 'start'; reason: Reason; grace: number; deadline: number }
  | { type: 'phase:start'; phase: string; priority: number; at: number }
  /** `limit`: how long the hook may take. */
  | { type: 'hook:start'; hook: string; phase: string; at: number; limit: number }
  | { type: 'hook:note'; hook: string; text: string; level: NoteLevel; at: number }
  | { type: 'hook:end'; hook: HookReport }
  | { type: 'phase:end'; phase: PhaseReport }
  /** A signal that came after the shutdown had begun, and changed nothing. */
  | { type: 'repeat'; signal: NodeJS.Signals; samePress: boolean }
  /** A second press: the process exits at once, with this code. The hooks of all its shutdowns are lost. */
  | ({ type: 'forced'; signal: NodeJS.Signals; exitCode: number } & UnfinishedHooks)
  | { type: 'fault'; fault: Fault }
  | { type: 'end'; report: Report }
  /**
   * The process exits with this code as soon as stdout and stderr are written. `outcome` is the worst of
   * all its shutdowns, and `because` says what was not clean: `hook 'kafka' was cut off`.
   */
  | { type: 'exit'; exitCode: number; outcome: Outcome; because: string | null }
>

/** The names of the hooks that have not ended. */
export interface UnfinishedHooks {
  readonly running: readonly string[]
  /** Those that have not begun. */
  readonly waiting: readonly string[]
}

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

export type EventOf<Type extends ShutdownEvent['type']> = Extract<ShutdownEvent, { type: Type }>

/** The arguments of listeners, by the name of the event. Listeners for `event` get all events. */
export type EventMap = { [Type in ShutdownEvent['type']]: [EventOf<Type>] } & {
  event: [ShutdownEvent]
}
