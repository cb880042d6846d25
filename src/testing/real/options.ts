import { type Duration, parseDuration } from '../../base/duration.ts'
import { invalidOption, refuseUnknownOptions } from '../../base/errors.ts'
import type { Environment } from './environment.ts'

/** A program that runs, as `ready` and `onReady` are handed it. */
export interface RunningProgram {
  /** The number of the process that was started. */
  readonly pid: number
  /** What it has written to stdout so far. */
  readonly stdout: string
  /** What it has written to stderr so far. */
  readonly stderr: string
  /** Resolves when it has written this, to stdout or stderr; rejects with `LASTCALL_NOT_READY` if it ends without. */
  says(what: string | RegExp): Promise<void>
}

/** What every preset takes. */
export interface StopOptions {
  /**
   * When the program is ready to be stopped: what it writes then, to stdout or stderr (a RegExp, or a
   * part of it as a string), or a function that is asked until it says true, some twenty times a second.
   * What that throws or rejects with means "not yet", so a request to the program will do.
   */
  readonly ready: RegExp | string | ((program: RunningProgram) => boolean | Promise<boolean>)
  /** The longest that it may take to be ready, from its start on. Default `'30s'`. */
  readonly readyWithin?: Duration
  /**
   * What is granted before SIGKILL, from the stop on. Default: what the platform grants. As on the
   * platform, the program is not told (PM2 alone does), and may have to be configured to it.
   */
  readonly grace?: Duration
  /**
   * Called once it is ready, and waited for, as long as for it to be ready; the stop begins when it is
   * done. Send here what is to be in flight, and keep its promise for later.
   */
  readonly onReady?: (program: RunningProgram) => unknown
  /** The folder that it runs in. Default: that of the test. */
  readonly cwd?: string
  /**
   * Variables for it, beside those that the test itself has; `undefined` takes one away. The
   * variables of the platform that the test itself runs on are taken away, and those of the preset added.
   */
  readonly env?: Environment
  /**
   * Ends it at once when it aborts: vitest and node:test hand one to each test, for when that is given up.
   * The promise rejects then, with what the program has written; the error's `cause` is the signal's reason.
   */
  readonly signal?: AbortSignal
}

/** How a program ended. */
export interface Stopped {
  /** Its exit code; null where a signal has ended it. */
  readonly code: number | null
  /** The signal that has ended it; null where it has exited. */
  readonly signal: NodeJS.Signals | null
  /** Whether it was still there at the end of the grace, and was ended by SIGKILL. */
  readonly killed: boolean
  /** Milliseconds from the beginning of the stop, where the grace begins too, to the end of the program. */
  readonly elapsed: number
  /** All that it has written to stdout. */
  readonly stdout: string
  /** All that it has written to stderr. */
  readonly stderr: string
  /**
   * Whether processes that it has started were still there when it had ended by itself. The end of a
   * container ends them, and so does this.
   */
  readonly leftBehind: boolean
  /** What is remarkable in it, for people: which processes were left behind, why a signal did not arrive. */
  readonly notes: readonly string[]
}

/** The options, checked, with their defaults. */
export interface Settings {
  readonly isReady: (program: RunningProgram) => boolean | Promise<boolean>
  readonly readyWithin: number
  readonly grace: number
  readonly onReady: (program: RunningProgram) => unknown
  readonly cwd: string | undefined
  readonly env: Environment
  readonly signal: AbortSignal | undefined
}

const KNOWN = ['ready', 'readyWithin', 'grace', 'onReady', 'cwd', 'env', 'signal']

/**
 * @param grace what the platform grants, in milliseconds
 * @param own the options that this preset alone has
 */
export function parseOptions(
  options: StopOptions,
  grace: number,
  own: readonly string[] = [],
): Settings {
  refuseUnknownOptions(options, [...KNOWN, ...own], '{ ready: /listening/ }')
  const { onReady = () => {}, cwd, env = {}, signal } = options
  if (typeof onReady !== 'function') throw invalidOption('onReady', 'a function', onReady)
  if (cwd !== undefined && (typeof cwd !== 'string' || cwd === '')) {
    throw invalidOption('cwd', 'the path of a folder', cwd)
  }
  if (signal !== undefined && !(typeof signal?.addEventListener === 'function')) {
    throw invalidOption('signal', 'an AbortSignal', signal)
  }
  return {
    isReady: readiness(options.ready),
    readyWithin: parseDuration(options.readyWithin ?? '30s', 'readyWithin'),
    grace: parseDuration(options.grace ?? grace, 'grace'),
    onReady,
    cwd,
    env: checkEnvironment(env),
    signal,
  }
}

function readiness(ready: StopOptions['ready']): Settings['isReady'] {
  return typeof ready === 'function' ? ready : contains(ready, 'ready')
}

/** Whether something stands in what a program has written. */
export function contains(
  what: string | RegExp,
  option = 'what',
): (program: Pick<RunningProgram, 'stdout' | 'stderr'>) => boolean {
  if (typeof what === 'string' && what !== '') {
    return ({ stdout, stderr }) => stdout.includes(what) || stderr.includes(what)
  }
  // A test framework runs tests in a realm of their own: its RegExp is another class.
  if (Object.prototype.toString.call(what) === '[object RegExp]') {
    const { source, flags } = what as RegExp
    // With these two it would go on from where it has found something.
    const pattern = new RegExp(source, flags.replace(/[gy]/g, ''))
    return ({ stdout, stderr }) => pattern.test(stdout) || pattern.test(stderr)
  }
  const orElse = option === 'ready' ? ', or a function that says whether it is' : ''
  throw invalidOption(
    option,
    `what the program writes when it is ready, such as /listening/${orElse}`,
    what,
  )
}

function checkEnvironment(env: Environment): Environment {
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw invalidOption('env', "an object such as { PORT: '3000' }", env)
  }
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || typeof value === 'string') continue
    const fix = typeof value === 'number' ? `Write '${value}'.` : undefined
    throw invalidOption(`env.${name}`, 'a string, or undefined', value, fix)
  }
  return env
}
