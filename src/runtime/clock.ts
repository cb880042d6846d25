import { modulesOfTime, nextTick } from './process.ts'

/** Time, as the rest of the library is handed it. This is the one file that touches timers. */
export interface Clock {
  /** Milliseconds that only ever go forward, from an origin of no meaning. */
  now(): number
  /** The time of day, in milliseconds since 1970. */
  date(): number
  setTimeout(run: () => void, milliseconds: number): unknown
  clearTimeout(timer: unknown): void
  /** Runs after the event loop's next poll phase: whatever the kernel had for us has been read by then. */
  afterPoll(run: () => void): void
}

// Taken when the module loads, so that fake timers which an application's tests install later
// cannot stop the clock of a real shutdown; and from the modules of Node, because those of jest and
// vitest, which replace the globals, can have been installed before.
const { timers, clocks } = modulesOfTime()
const { setTimeout, clearTimeout, setImmediate } = timers
const now = clocks.performance.now.bind(clocks.performance)
const date = Date.now.bind(Date)

export const systemClock: Clock = {
  now,
  date,
  setTimeout: (run, milliseconds) => setTimeout(run, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  afterPoll: (run) => void setImmediate(run),
}

/** Whatever timers are global when one is set: the fake ones of a test runner, where they are on. */
export const currentClock: Clock = {
  now: () => Date.now(),
  date: () => Date.now(),
  setTimeout: (run, milliseconds) => globalThis.setTimeout(run, milliseconds),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as NodeJS.Timeout),
  afterPoll: (run) => void globalThis.setImmediate(run),
}

/**
 * Runs before the event loop reads anything, and after all that is due already: listeners of an event
 * that is being told, and whoever waits for it with a promise.
 */
export function beforePoll(run: () => void): void {
  void Promise.resolve().then(() => nextTick(run))
}
