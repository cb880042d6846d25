import type { Duration } from './base/duration.ts'
import type { EventMap } from './engine/events.ts'
import type {
  Hook,
  HookList,
  HookOptions,
  Hooks,
  Resource,
  ResourceOptions,
} from './engine/hook.ts'
import type { PhaseOption } from './engine/phases.ts'
import type { Plan } from './engine/plan.ts'
import type { Report } from './engine/report.ts'
import type { ExitCodes } from './exit/exit-codes.ts'
import type { Logger, LogOptions } from './observe/log.ts'
import type { Platform } from './platform/platform.ts'
import type { FaultOptions } from './triggers/faults.ts'
import type { SignalOptions } from './triggers/signals.ts'

/** Coordinates the shutdown of an application. `createShutdown()` returns it. */
export interface Shutdown {
  /**
   * Adds a hook, or several: an array, or the result of an adapter. Either all of them are added or none.
   * A hook that is added during the shutdown runs in its phase, or at once if that phase has begun or is
   * over. An object with `Symbol.asyncDispose` becomes a hook of the phase `close`, named after its class.
   *
   * @example shutdown.add(httpServer(server))
   * @returns a function that removes those of these hooks that have not begun; true if it removed any
   * @throws LastcallError `LASTCALL_INVALID_OPTION`, `LASTCALL_UNKNOWN_PHASE`, `LASTCALL_NAME_TAKEN`,
   * `LASTCALL_RESERVES_TOO_LARGE`, or `LASTCALL_ENDED` once the shutdown is over
   */
  add(hooks: Hook | HookList | Hooks | Resource): () => boolean
  /**
   * Adds a hook by its name and its function, or an object with `Symbol.asyncDispose` with options. It runs
   * in the phase `close`, unless the options name another one.
   *
   * @example shutdown.add('postgres', () => pool.end())
   * @example shutdown.add('events', ({ signal }) => events.flush({ signal }), { phase: 'flush', reserve: '2s' })
   * @example shutdown.add(pool, { name: 'postgres' })
   */
  // Two signatures that take different numbers of arguments: so the compiler reports an error for the one
  // that was meant, and not for each of them.
  add<What extends string | Resource>(
    what: What,
    run: What extends string ? Hook['run'] : ResourceOptions,
    options?: What extends string ? HookOptions : undefined,
  ): () => boolean
  /**
   * Starts to listen for signals, faults and messages. Each of them begins the shutdown.
   *
   * @returns a function that stops listening
   * @throws LastcallError `LASTCALL_ALREADY_LISTENING`, or `LASTCALL_ENDED` once the shutdown is over
   */
  listen(): () => void
  /**
   * Begins the shutdown; the time until the deadline starts here. If the shutdown has begun already,
   * returns the same promise. The promise never rejects. Do not await it in a hook: the hook and the
   * shutdown would wait for each other.
   *
   * @param reason a note for the report
   * @example const report = await shutdown.now('end of test')
   */
  now(reason?: string): Promise<Report>
  /**
   * A dry run: which hooks would run, in which order, and how long each could take. During the shutdown,
   * it holds the hooks that have not begun. `formatPlan()` draws it.
   */
  plan(): Plan
  /** Aborts when the shutdown begins, before the first hook. Loops check it to take no new work. */
  readonly signal: AbortSignal
  /** What happened in the shutdown; `undefined` until it is over. */
  readonly report: Report | undefined
  /** The platform that the process runs on, as far as it is known. */
  readonly platform: Platform
  /**
   * Calls the listener for one kind of event, or for all events (`'event'`).
   *
   * @returns a function that removes the listener
   */
  on<Name extends keyof EventMap>(
    name: Name,
    listener: (...event: EventMap[Name]) => void,
  ): () => void
}

/** The options of `createShutdown()`. All of them have defaults. */
export interface ShutdownOptions {
  /**
   * What log lines call this shutdown: `lastcall[admin]: …`. Default: its number, counted from 1, where
   * the process has several shutdowns, and otherwise nothing.
   *
   * @example createShutdown({ name: 'admin' })
   */
  readonly name?: string | undefined
  /**
   * The time between the stop signal and SIGKILL. The clock starts when the shutdown begins. Default:
   * what the platform grants, see `detectPlatform()`; 10 s on an unknown platform.
   */
  readonly grace?: Duration | undefined
  /**
   * The part of the grace that is kept for the exit. All hooks have to be over before it begins.
   * Default: 10 % of the grace, at least 100 ms and at most 2 s.
   */
  readonly margin?: Duration | undefined
  /**
   * Phases of the application, or other priorities for the built-in phases.
   *
   * @example createShutdown({ phases: { 'warm-down': 350 } })
   */
  readonly phases?: Readonly<Record<string, PhaseOption>> | undefined
  /**
   * The signals that start a shutdown, as a list or with more options. Default: SIGTERM and SIGINT; a
   * second SIGINT forces the exit.
   *
   * @example createShutdown({ signals: ['SIGTERM', 'SIGHUP'] })
   * @example createShutdown({ signals: { forceOn: [] } })
   */
  readonly signals?: readonly NodeJS.Signals[] | SignalOptions | undefined
  /** The exit codes, by how the shutdown ended. */
  readonly exitCodes?: ExitCodes | undefined
  /** Whether the process exits when the shutdown is over. Default true. */
  readonly exit?: boolean | undefined
  /**
   * Whether an uncaught exception or an unhandled rejection begins the shutdown. Default true; a rejection
   * begins none where the process has other listeners for rejections, see `FaultOptions`. With false, Node
   * handles both as without this library.
   */
  readonly faults?: boolean | FaultOptions | undefined
  /**
   * Whether the shutdown begins when nothing keeps the process alive any more: a worker that has done its
   * work. The exit code is that of a clean shutdown. Default false: the process ends, and no hook runs.
   * It does not begin where the application calls `process.exit()`.
   */
  readonly beforeExit?: boolean | undefined
  /** The messages of the parent process that begin the shutdown. Default: `['shutdown']`, which PM2 sends. */
  readonly messages?: readonly string[] | undefined
  /**
   * Where log lines go: `false` for nowhere; `'text'`, `'json'` or `{ format, level }` for stderr; or a
   * logger such as pino's. `console` is the same as `'text'`. The exit waits until stderr is written and
   * the logger's `flush()` is done.
   * Default: level `info` and above on stderr, as text if stderr is a terminal, else as JSON.
   */
  readonly log?: false | 'text' | 'json' | LogOptions | Logger | undefined
  /**
   * Whether a thread watches the shutdown. The thread ends the process with SIGKILL if the event loop is
   * blocked at the deadline, if the exit hangs, or if the process is still there at the end of its grace. It
   * writes to stderr which function and line block the event loop, or make it slow. Default true. It does nothing with `exit: false`, or if a debugger has paused the
   * process.
   */
  readonly watchdog?: boolean | undefined
}
