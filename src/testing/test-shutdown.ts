import { type Duration, parseDuration } from '../base/duration.ts'
import { invalidOption, optionNames, refuseUnknownOptions } from '../base/errors.ts'
import { assemble } from '../create-shutdown.ts'
import type { Report } from '../engine/report.ts'
import { OPTIONS } from '../options.ts'
import type { Shutdown, ShutdownOptions } from '../shutdown.ts'
import { type AdvanceTimers, FakeTimersClock } from './fake-timers-clock.ts'
import { TestClock } from './test-clock.ts'
import { hasExited, testEvents } from './test-events.ts'
import { TestProcess } from './test-process.ts'

/** The options of `createShutdown()`, and those of the process that the test simulates. */
export interface TestShutdownOptions extends ShutdownOptions {
  /**
   * The environment variables, which tell the platform and its grace. Default: none, so that a test is the
   * same everywhere; the grace is 10 s then, unless it is given.
   *
   * @example { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
   */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Whether the process has a terminal, so that SIGINT is a Ctrl-C. Default false. */
  readonly terminal?: boolean | undefined
  /**
   * Moves the fake timers of the test runner on. The shutdown then uses them as its clock, and shares its
   * time with the application's `setTimeout()`. Default: none, and the shutdown has its own clock.
   *
   * @example (milliseconds) => vi.advanceTimersByTimeAsync(milliseconds)
   */
  readonly advanceTimers?: AdvanceTimers | undefined
}

/** A shutdown in a simulated process, with what a test needs to move it on. */
export interface TestShutdown {
  /** The shutdown under test: pass it to the code that adds hooks and calls `listen()`. */
  readonly shutdown: Shutdown
  /**
   * Sends a signal, as the platform does. Resolves when all that needs no time has happened.
   *
   * @throws LastcallError `LASTCALL_NOT_LISTENING` where it would have ended the process at once
   */
  signal(signal: NodeJS.Signals): Promise<void>
  /**
   * Sends a message, as a parent process or PM2 does. Without a listener it changes nothing.
   *
   * @throws LastcallError `LASTCALL_NOT_LISTENING` where the process has exited
   */
  message(message: unknown): Promise<void>
  /**
   * Makes a fault happen; by default an uncaught exception.
   *
   * @throws LastcallError `LASTCALL_NOT_LISTENING` where it would have ended the process at once
   */
  fault(thrown: unknown, origin?: 'uncaughtException' | 'unhandledRejection'): Promise<void>
  /** Moves the clock on by a duration such as `'3s'`, or milliseconds. Timers that are due fire in their order. */
  advance(duration: Duration): Promise<void>
  /** Resolves when the clock has moved on by this duration: for hooks that stand in for real work. */
  sleep(duration: Duration): Promise<void>
  /** Resolves with the report when the shutdown is over: for hooks that do real work while the clock stands still. */
  readonly ended: Promise<Report>
  /** The report; `undefined` until the shutdown is over. */
  readonly report: Report | undefined
  /** The names of the hooks that began, in the order of their beginnings and of their ends or cut-offs. */
  readonly order: { readonly began: readonly string[]; readonly ended: readonly string[] }
  /** The code with which the process has exited; `undefined` before that. */
  readonly exitCode: number | undefined
  /** What the library has written to stderr. */
  readonly output: string
}

/**
 * Creates a shutdown that touches no real process: the test sends the signals and moves the time, and the
 * exit is only recorded. It leaves nothing behind, and any number of them can be used at once.
 *
 * @example
 * const test = createTestShutdown({ grace: '30s' })
 * addHooks(test.shutdown) // the application's own
 * test.shutdown.listen()
 * await test.signal('SIGTERM')
 * await test.advance('30s')
 * expectOrder(test.report, ['http', 'jobs', 'postgres'])
 *
 * @throws LastcallError as `createShutdown()` does
 */
export function createTestShutdown(options: TestShutdownOptions = {}): TestShutdown {
  refuseUnknownOptions(options, [...OPTIONS, ...TEST_OPTIONS], "{ grace: '10s' }")
  const { env = {}, terminal = false, advanceTimers, ...others } = options
  checkEnv(env)
  if (typeof terminal !== 'boolean') throw invalidOption('terminal', 'true or false', terminal)
  const host = new TestProcess({ ...env }, terminal)
  const clock = advanceTimers === undefined ? new TestClock() : new FakeTimersClock(advanceTimers)
  const shutdown = assemble(others, { host, clock })
  const settle = () => clock.advance(0)
  const order = { began: [] as string[], ended: [] as string[] }
  let over: Report | undefined
  // A forced exit ends a real process at once: later events do not count.
  const isAlive = () => host.exits.length === 0
  shutdown.on('hook:start', ({ hook }) => {
    if (isAlive()) order.began.push(hook)
  })
  shutdown.on('hook:end', ({ hook }) => {
    if (isAlive() && hook.began !== null) order.ended.push(hook.name)
  })
  const ended = new Promise<Report>((resolve, reject) => {
    shutdown.on('end', ({ report }) => {
      if (!isAlive()) return
      over = report
      // The exit comes after a poll phase, and needs no time.
      void settle().then(() => resolve(report))
    })
    shutdown.on('forced', ({ exitCode }) => reject(hasExited(exitCode)))
  })
  ended.catch(() => {}) // Most tests don't wait for it.
  return {
    shutdown,
    ...testEvents(host, settle),
    async advance(duration) {
      await clock.advance(parseDuration(duration, 'duration', 0))
    },
    sleep(duration) {
      const milliseconds = parseDuration(duration, 'duration', 0)
      return new Promise((resolve) => clock.setTimeout(resolve, milliseconds))
    },
    ended,
    order,
    get report() {
      return over
    },
    get exitCode() {
      return host.exits[0]
    },
    get output() {
      return host.output
    },
  }
}

const TEST_OPTIONS = optionNames<Omit<TestShutdownOptions, keyof ShutdownOptions>>({
  env: true,
  terminal: true,
  advanceTimers: true,
})

function checkEnv(env: unknown): void {
  const isEnv = typeof env === 'object' && env !== null && !Array.isArray(env)
  if (isEnv && Object.values(env).every((value) => typeof value === 'string')) return
  const rule = "an object of strings, such as { KUBERNETES_SERVICE_HOST: '10.0.0.1' }"
  throw invalidOption('env', rule, env)
}
