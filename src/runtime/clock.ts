import { builtinModule } from './builtin-modules.ts'

/** Time, for the rest of the library. Only this file and the watchdog's thread touch timers. */
export interface Clock {
  /** Milliseconds that only go forward, from an arbitrary origin. */
  now(): number
  /** The time of day, in milliseconds since 1970. */
  date(): number
  setTimeout(run: () => void, milliseconds: number): unknown
  /** The same, but the timer does not keep the process alive. */
  setBackgroundTimeout(run: () => void, milliseconds: number): unknown
  clearTimeout(timer: unknown): void
  /** Lets the event loop have nothing to do while this timer waits. */
  unref(timer: unknown): void
  /** Runs after the next poll phase of the event loop, when everything that the kernel held has been read. */
  afterPoll(run: () => void): void
}

// Read at module load: fake timers that a test installs later must not stop the clock of a real shutdown.
// Read from Node's modules: the fake timers of jest and vitest replace the globals, perhaps before this.
const { setTimeout, clearTimeout, setImmediate } = builtinModule('node:timers')
const { performance } = builtinModule('node:perf_hooks')
const now = performance.now.bind(performance)
const date = Date.now.bind(Date)
// Importing node:process would load what stdin, stdout and stderr need.
const { nextTick } = process

export const systemClock: Clock = {
  now,
  date,
  setTimeout: (run, milliseconds) => setTimeout(run, milliseconds),
  setBackgroundTimeout: (run, milliseconds) => setTimeout(run, milliseconds).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  unref: (timer) => void (timer as NodeJS.Timeout).unref(),
  afterPoll: (run) => void setImmediate(run),
}

/** Reads the global timers at each call, so that a test runner's fake timers apply. */
export const currentClock: Clock = {
  now: () => Date.now(),
  date: () => Date.now(),
  setTimeout: (run, milliseconds) => globalThis.setTimeout(run, milliseconds),
  // In jsdom, a timer is a number.
  setBackgroundTimeout: (run, milliseconds) => globalThis.setTimeout(run, milliseconds).unref?.(),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as NodeJS.Timeout),
  unref: (timer) => void (timer as Partial<NodeJS.Timeout>).unref?.(),
  afterPoll: (run) => void globalThis.setImmediate(run),
}

/**
 * Calls `run` before the next poll phase, but after everything already due: the other listeners of the
 * current event, and the code that awaits it.
 */
export function beforePoll(run: () => void): void {
  void Promise.resolve().then(() => nextTick(run))
}
