import { type Duration, parseDuration } from '../../base/duration.ts'
import { invalidOption, optionNames, refuseUnknownOptions } from '../../base/errors.ts'
import type { Environment } from './environment.ts'
import { parsePattern } from './output.ts'

/** A running program, as `ready` and `onReady` receive it. */
export interface RunningProgram {
  /** The pid of the process that was started. */
  readonly pid: number
  /** What it has written to stdout so far. */
  readonly stdout: string
  /** What it has written to stderr so far. */
  readonly stderr: string
  /** Resolves when it has written this to stdout or stderr; rejects with `LASTCALL_ENDED_EARLY` if it ends first. */
  says(what: string | RegExp): Promise<void>
}

/** The options that all of these functions have. */
export interface StopOptions {
  /**
   * How to tell that the program is ready to be stopped: by its output on stdout or stderr, as a RegExp or
   * a part of the text; or by a function, called some twenty times a second until it returns true. An error
   * of the function means "not yet", so it may send a request to the program.
   */
  readonly ready: RegExp | string | ((program: RunningProgram) => boolean | Promise<boolean>)
  /** The longest time from its start until it is ready. Default `'30s'`. */
  readonly readyWithin?: Duration | undefined
  /**
   * The time from the beginning of the stop to SIGKILL. Default: the platform's. As on the platform, the
   * program does not learn its grace (except with PM2), and may need it configured.
   */
  readonly grace?: Duration | undefined
  /**
   * Called when the program is ready; the stop begins when it has settled, which may take as long as
   * `readyWithin`. Send the requests here that should be in flight, and keep their promises for later.
   */
  readonly onReady?: ((program: RunningProgram) => unknown) | undefined
  /** The folder in which it runs. Default: that of the test. */
  readonly cwd?: string | undefined
  /**
   * Variables for it, besides those of the test; `undefined` removes one. The variables of the platform on
   * which the test itself runs are removed, and those of the simulated platform added.
   */
  readonly env?: Environment | undefined
  /**
   * Kills the program when it aborts: vitest and node:test give each test a signal, which aborts when the test
   * times out. The promise then rejects with the program's output; `cause` is the signal's reason.
   */
  readonly signal?: AbortSignal | undefined
}

/** How a program ended. */
export interface Stopped {
  /** Its exit code; null where a signal ended it. */
  readonly code: number | null
  /** The signal that ended it; null where it exited. */
  readonly signal: NodeJS.Signals | null
  /** Whether it still ran at the end of the grace, and SIGKILL ended it. */
  readonly killed: boolean
  /** Milliseconds from the beginning of the stop, and of the grace, to the end of the program. */
  readonly elapsed: number
  /** All that it has written to stdout. */
  readonly stdout: string
  /** All that it has written to stderr. */
  readonly stderr: string
  /**
   * Whether processes that it had started still ran when it had ended by itself. They are killed, as at the
   * end of a container.
   */
  readonly leftBehind: boolean
  /** What a person should know: which processes were left behind, why a signal did not arrive. */
  readonly notes: readonly string[]
}

/** The checked options, with their defaults; times in milliseconds. */
export type ProgramSettings = ReturnType<typeof parseOptions>

const OPTIONS = optionNames<StopOptions>({
  ready: true,
  readyWithin: true,
  grace: true,
  onReady: true,
  cwd: true,
  env: true,
  signal: true,
})

/**
 * @param grace what the platform grants, in milliseconds
 * @param own the names of the options that only this platform has
 */
export function parseOptions(options: StopOptions, grace: number, own: readonly string[] = []) {
  refuseUnknownOptions(options, [...OPTIONS, ...own], '{ ready: /listening/ }')
  const { ready, onReady = () => {}, cwd, env = {}, signal } = options
  if (typeof onReady !== 'function') throw invalidOption('onReady', 'a function', onReady)
  if (cwd !== undefined && (typeof cwd !== 'string' || cwd === '')) {
    throw invalidOption('cwd', 'the path of a folder', cwd)
  }
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw invalidOption('signal', 'an AbortSignal', signal)
  }
  checkEnvironment(env)
  return {
    ready: typeof ready === 'function' ? ready : parsePattern(ready, 'ready'),
    readyWithin: parseDuration(options.readyWithin ?? '30s', 'readyWithin'),
    grace: parseDuration(options.grace ?? grace, 'grace'),
    onReady,
    cwd,
    env,
    signal,
  }
}

function checkEnvironment(env: Environment): void {
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw invalidOption('env', "an object such as { PORT: '3000' }", env)
  }
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || typeof value === 'string') continue
    const fix = typeof value === 'number' ? `Write '${value}'.` : undefined
    throw invalidOption(`env.${name}`, 'a string, or undefined', value, fix)
  }
}
