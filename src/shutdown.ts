import type { Duration } from './base/duration.ts'
import type { EventMap } from './engine/events.ts'
import type { DisposableResource, Hook, Hooks } from './engine/hook.ts'
import type { PhaseOption } from './engine/phases.ts'
import type { Plan } from './engine/plan.ts'
import type { Report } from './engine/report.ts'
import type { ExitCodes } from './exit/exit-codes.ts'
import type { Logger, LogOptions } from './observe/log.ts'
import type { Platform } from './platform/platform.ts'
import type { SignalOptions } from './triggers/signals.ts'

/** The coordinator that `createShutdown()` returns. */
export interface Shutdown {
  /**
   * Takes a hook, several (an array, or anything else that iterates over hooks), or something with `Symbol.asyncDispose` (which becomes a hook of the
   * `close` phase named after its class, unless the second argument says otherwise). During the run
   * a hook joins if its phase is still to come, and runs now if it is not.
   *
   * @returns a way to take back what has not begun; it says whether anything was
   * @throws LastcallError `LASTCALL_INVALID_OPTION`, `LASTCALL_UNKNOWN_PHASE`,
   * `LASTCALL_NAME_TAKEN`, `LASTCALL_RESERVES_TOO_LARGE`, or `LASTCALL_ENDED` once the run is over.
   * Of several hooks all are taken, or none.
   */
  add(hooks: Hook | Hooks): () => boolean
  add(resource: DisposableResource, options?: Partial<Omit<Hook, 'run'>>): () => boolean
  /**
   * Listens to signals, faults and messages until it is taken back.
   *
   * @returns a way to take everything back that it put in place
   * @throws LastcallError `LASTCALL_ALREADY_LISTENING`
   */
  listen(): () => void
  /**
   * Starts a run by hand; the clock of the deadline starts here. Every later call returns the same
   * promise, and a run that something else started counts.
   *
   * @param reason a note for the report
   */
  now(reason?: string): Promise<Report>
  /**
   * A dry run: what would run, in which order, and how long each hook could take. Nothing is run;
   * during a run it is what is still to come. `formatPlan()` draws it.
   */
  plan(): Plan
  /** Fires when the run begins: for loops and long work that should take on nothing new. */
  readonly signal: AbortSignal
  /** The account of the run; `undefined` until it is over. */
  readonly report: Report | undefined
  /** What the process runs on, as far as that is known. */
  readonly platform: Platform
  /** Hears one kind of event, or all of them (`'event'`); returns a way to take the listener back. */
  on<Name extends keyof EventMap>(
    name: Name,
    listener: (...event: EventMap[Name]) => void,
  ): () => void
}

/** What `createShutdown()` takes; everything has a default. */
export interface ShutdownOptions extends SignalOptions {
  /**
   * What the platform grants between the stop signal and SIGKILL. The clock starts with the signal.
   * Default: what the platform is known to grant (see `detectPlatform()`), 10 s where nothing is
   * known.
   */
  readonly grace?: Duration
  /**
   * What is kept back of the grace for leaving. Default: 10 % of the grace, at least 100 ms and at
   * most 2 s.
   */
  readonly margin?: Duration
  /** Phases of the application's own, or other priorities for those that there are. */
  readonly phases?: Readonly<Record<string, PhaseOption>>
  /** The codes to exit with. */
  readonly exitCodes?: ExitCodes
  /** Whether the process exits at the end. Default true; with false it is left alone. */
  readonly exit?: boolean
  /**
   * Whether an uncaught exception or an unhandled rejection starts a run. Default true. With false
   * Node deals with them as it does without this library.
   */
  readonly faults?: boolean
  /** The messages of the parent process that start a run. Default: `['shutdown']`, which PM2 sends. */
  readonly messages?: readonly string[]
  /**
   * Where a line is written for each thing that happens: `false` for nowhere, `'text'`, `'json'`, or
   * `{ format, level }` for stderr, or a logger such as pino's. The exit waits for the logger's
   * `flush()`, as it does for stderr. Default: stderr, as text where that is a terminal and as lines of
   * JSON elsewhere, from the level `info` on.
   */
  readonly log?: false | 'text' | 'json' | LogOptions | Logger
  /**
   * Whether a thread that starts with the run ends the process at the deadline with SIGKILL where the
   * event loop is blocked, and says on stderr by which function and line; an exit that doesn't end,
   * too. Default true. Not with `exit: false`, and not while a debugger holds the process.
   */
  readonly watchdog?: boolean
}
