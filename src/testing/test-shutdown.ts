import { type Duration, parseDuration } from '../base/duration.ts'
import {
  inCall,
  invalidOption,
  LastcallError,
  optionNames,
  refuseUnknownOptions,
} from '../base/errors.ts'
import { assemble } from '../create-shutdown.ts'
import type { Report } from '../engine/report.ts'
import { OPTIONS } from '../options.ts'
import { systemProcess } from '../runtime/process.ts'
import type { Shutdown, ShutdownOptions } from '../shutdown.ts'
import { type AdvanceTimers, FakeTimersClock } from './fake-timers-clock.ts'
import { describe, moveToEnd } from './move-to-end.ts'
import { PendingWork } from './node/pending-work.ts'
import { realTimeout } from './node/real-time.ts'
import { noteTestReport, RealWork } from './real-work.ts'
import { TestClock } from './test-clock.ts'
import { hasExited, runnerHasSetItsTimer, testEvents } from './test-events.ts'
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
  /**
   * Sends a signal, and moves the clock until the shutdown is over. Before each move, it waits for the real
   * work that began after this call: files, sockets, timers, child processes. After 1 s of waiting it writes
   * to stderr what it waits for. If the shutdown has begun already and you give no signal, it sends none.
   *
   * @param signal default SIGTERM
   * @example const report = await test.run('SIGTERM')
   * @throws LastcallError `LASTCALL_NOT_LISTENING` if the signal would have ended the process at once, or if
   * the exit was forced; `LASTCALL_NOT_AWAITED` while `advance()` or another `run()` moves the clock;
   * `LASTCALL_CLOCK_STANDS_STILL` if a loop waits for 0 ms again and again
   */
  run(signal?: NodeJS.Signals): Promise<Report>
  /**
   * Moves the clock by a duration such as `'3s'`, or milliseconds. Timers that are due fire in their order.
   *
   * @throws LastcallError `LASTCALL_INVALID_OPTION`; `LASTCALL_NOT_AWAITED` while another call moves the
   * clock; `LASTCALL_CLOCK_STANDS_STILL` if a loop waits for 0 ms again and again
   */
  advance(duration: Duration): Promise<void>
  /** Resolves when the test has moved the clock by this duration: for hooks that stand in for real work. */
  sleep(duration: Duration): Promise<void>
  /**
   * Resolves with the report when the shutdown is over and the process would have exited. Rejects if the
   * exit was forced. If it does not settle within 2 s, stderr has a line that says what it waits for.
   */
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
  return inCall('createTestShutdown()', () => testShutdown(options))
}

function testShutdown(options: TestShutdownOptions): TestShutdown {
  refuseUnknownOptions(options, [...OPTIONS, ...TEST_OPTIONS], "{ grace: '10s' }")
  const { env = {}, terminal = false, advanceTimers, ...others } = options
  checkEnv(env)
  if (typeof terminal !== 'boolean') throw invalidOption('terminal', 'true or false', terminal)
  const host = new TestProcess({ ...env }, terminal)
  const clock = advanceTimers === undefined ? new TestClock() : new FakeTimersClock(advanceTimers)
  const shutdown = assemble(others, { host, clock })
  const settle = () => clock.advance(0)
  const order = { began: [] as string[], ended: [] as string[] }
  const work = new RealWork()
  // What the library says keeps the event loop alive is what the application added to that of the runner.
  host.activeResources = () => work.now()
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
      noteTestReport(report)
      if (others.exit === false) resolve(report)
      else host.onExit = () => resolve(report)
      // The exit comes after a poll phase, and needs no time. Fake timers are not touched: the test may have
      // reset them.
      if (clock instanceof TestClock) clock.advance(0).catch(reject)
    })
    shutdown.on('forced', ({ exitCode }) => reject(hasExited(exitCode)))
  })
  ended.catch(() => {}) // Most tests don't wait for it.
  const moved = {
    clock,
    work,
    isOver: () => (others.exit === false ? over !== undefined : !isAlive()),
    running: () =>
      order.began.filter((name) => !order.ended.includes(name)).map((name) => `'${name}'`),
  }
  const watchEnd = endWatch(shutdown, () => describe(moved))
  const begin = () => {
    if (!shutdown.signal.aborted) work.ignoreTimers()
  }
  const events = testEvents(host, begin, settle)
  /** Refuses to move the clock while another call moves it. */
  let isMoving = false
  const alone = async <T>(name: string, move: () => Promise<T>): Promise<T> => {
    if (isMoving) throw notAwaited(name)
    isMoving = true
    try {
      return await move()
    } finally {
      isMoving = false
    }
  }
  return {
    shutdown,
    ...events,
    run: (signal) =>
      alone('run', async () => {
        await runnerHasSetItsTimer()
        const pending = new PendingWork()
        try {
          const work = new RealWork(pending)
          if (signal !== undefined || !shutdown.signal.aborted) {
            await events.signal(signal ?? 'SIGTERM')
          }
          await moveToEnd({ ...moved, work })
        } finally {
          pending.stop()
        }
        return ended
      }),
    async advance(duration) {
      const milliseconds = inCall('advance()', () => parseDuration(duration, 'duration', 0))
      await alone('advance', () => clock.advance(milliseconds))
    },
    sleep(duration) {
      const milliseconds = inCall('sleep()', () => parseDuration(duration, 'duration', 0))
      return new Promise((resolve) => clock.setTimeout(resolve, milliseconds))
    },
    get ended() {
      watchEnd()
      return ended
    },
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

/**
 * Returns a function to call when a test begins to wait for the end. If the end does not come, a line on
 * stderr then says what the shutdown waits for: the runner says only that the test has timed out.
 */
function endWatch(shutdown: Shutdown, describe: () => string): () => void {
  let cancel: (() => void) | undefined
  let isOver = false
  const say = () =>
    systemProcess.warn(
      `lastcall: the test has waited for \`ended\` for 2 s. ${describe()} Move it with advance(), or write \`await app.run()\` in place of \`await app.ended\`.\n`,
    )
  const watch = () => {
    if (isOver || !shutdown.signal.aborted) return
    cancel ??= realTimeout(say, 2000)
  }
  const stop = () => {
    isOver = true
    cancel?.()
  }
  shutdown.on('end', stop)
  shutdown.on('forced', stop)
  return watch
}

function notAwaited(name: string): LastcallError {
  return new LastcallError(
    'LASTCALL_NOT_AWAITED',
    `${name}() was called while an earlier advance() or run() was still moving the clock. Await each call: \`await app.${name}(…)\`.`,
  )
}
