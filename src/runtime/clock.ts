import { builtinModule } from './builtin-modules.ts'

/** Time, for the rest of the library. This is the only file that touches timers. */
export interface Clock {
  /** Milliseconds that only go forward, from an arbitrary origin. */
  now(): number
  /** The time of day, in milliseconds since 1970. */
  date(): number
  setTimeout(run: () => void, milliseconds: number): unknown
  clearTimeout(timer: unknown): void
  /** Runs after the next poll phase of the event loop, when everything that the kernel held has been read. */
  afterPoll(run: () => void): void
}

// Taken when the module loads, so that fake timers that a test installs later do not stop the clock of a
// real shutdown. Taken from Node's modules, because those of jest and vitest replace the globals, and may
// have been installed before.
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
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  afterPoll: (run) => void setImmediate(run),
}

/** Uses the timers that are global at each call: a test runner's fake ones, where they are on. */
export const currentClock: Clock = {
  now: () => Date.now(),
  date: () => Date.now(),
  setTimeout: (run, milliseconds) => globalThis.setTimeout(run, milliseconds),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as NodeJS.Timeout),
  afterPoll: (run) => void globalThis.setImmediate(run),
}

/**
 * Runs before the event loop reads anything, and after all that is due already: the remaining listeners
 * to the current event, and the code that awaits it.
 */
export function beforePoll(run: () => void): void {
  void Promise.resolve().then(() => nextTick(run))
}
