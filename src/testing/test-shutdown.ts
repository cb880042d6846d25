import { type Duration, parseDuration } from '../base/duration.ts'
import { invalidOption, LastcallError, refuseUnknownOptions } from '../base/errors.ts'
import { assemble } from '../create-shutdown.ts'
import type { Report } from '../engine/report.ts'
import { OPTIONS } from '../options.ts'
import { signalNumbers } from '../runtime/signals.ts'
import type { Shutdown, ShutdownOptions } from '../shutdown.ts'
import { type AdvanceTimers, FakeTimersClock } from './fake-timers-clock.ts'
import { TestClock } from './test-clock.ts'
import { TestProcess } from './test-process.ts'

/** What `createTestShutdown()` takes: what `createShutdown()` does, and what the world is like. */
export interface TestShutdownOptions extends ShutdownOptions {
  /**
   * The environment, from which the platform and its grace are concluded. Default: empty, so that a
   * test is the same everywhere; without a `grace` it is 10 s then.
   *
   * @example { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
   */
  readonly env?: Readonly<Record<string, string>>
  /** Whether somebody sits at a terminal, and SIGINT is a Ctrl-C. Default false. */
  readonly terminal?: boolean
  /**
   * Moves the test runner's own fake timers on. With it they are the clock of the shutdown, too: what
   * the application waits for by `setTimeout` and what the shutdown does stand on one line of time.
   * Default: none, the shutdown has a clock of its own.
   *
   * @example (milliseconds) => vi.advanceTimersByTimeAsync(milliseconds)
   */
  readonly advanceTimers?: AdvanceTimers
}

/** A shutdown in a world of its own, and the hands that move this world. */
export interface TestShutdown {
  /** The shutdown under test: hand it to the code that adds hooks and calls `listen()`. */
  readonly shutdown: Shutdown
  /**
   * Sends a signal, as the platform does, and lets everything happen that needs no time.
   *
   * @throws LastcallError `LASTCALL_NOT_LISTENING` where it would have ended the process at once
   */
  signal(signal: NodeJS.Signals): Promise<void>
  /**
   * Sends a message, as a parent process or PM2 does. One that nobody listens to changes nothing.
   *
   * @throws LastcallError `LASTCALL_NOT_LISTENING` where the process has exited
   */
  message(message: unknown): Promise<void>
  /**
   * Has something thrown that nobody catches; by default an uncaught exception.
   *
   * @throws LastcallError `LASTCALL_NOT_LISTENING` where it would have ended the process at once
   */
  fault(thrown: unknown, origin?: 'uncaughtException' | 'unhandledRejection'): Promise<void>
  /** Moves the clock on: a duration such as `'3s'`, or milliseconds. What is due happens, in its order. */
  advance(duration: Duration): Promise<void>
  /** Resolves when the clock has been moved on so far: for hooks that stand in for work. */
  sleep(duration: Duration): Promise<void>
  /** Resolves with the report when the run is over: for hooks that do real work, while the clock stands. */
  readonly ended: Promise<Report>
  /** The account of the run; `undefined` until it is over. */
  readonly report: Report | undefined
  /** The names of the hooks, in the order in which they began and in that in which they ended or were cut off. */
  readonly order: { readonly began: readonly string[]; readonly ended: readonly string[] }
  /** The code that the process has exited with; `undefined` while it lives. */
  readonly exitCode: number | undefined
  /** What the library has written to stderr. */
  readonly output: string
}

/**
 * Creates a shutdown that touches no real process: signals come from the test, time moves when the test
 * says so, and the exit is only remembered. It leaves nothing behind, and any number of them can be
 * used at once.
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
  refuseUnknownOptions(
    options,
    [...OPTIONS, 'env', 'terminal', 'advanceTimers'],
    "{ grace: '10s' }",
  )
  const { env = {}, terminal = false, advanceTimers, ...others } = options
  const host = new TestProcess()
  host.env = checkedEnv(env)
  host.interactive = checkedFlag(terminal)
  const clock = advanceTimers === undefined ? new TestClock() : new FakeTimersClock(advanceTimers)
  const shutdown = assemble(others, { host, clock })

  const order = { began: [] as string[], ended: [] as string[] }
  // A process that was forced to exit would have come no further.
  const lives = () => host.exits.length === 0
  shutdown.on('hook:start', ({ hook }) => {
    if (lives()) order.began.push(hook)
  })
  shutdown.on('hook:end', ({ hook }) => {
    if (lives() && hook.began !== null) order.ended.push(hook.name)
  })
  let report: Report | undefined
  const ended = new Promise<Report>((resolve, reject) => {
    shutdown.on('end', (event) => {
      if (!lives()) return
      report = event.report
      // The exit comes after a poll phase, and needs no time.
      void clock.advance(0).then(() => resolve(event.report))
    })
    shutdown.on('forced', ({ exitCode }) => reject(tooLate(exitCode)))
  })
  ended.catch(() => {}) // Most tests don't wait for it.

  /** Has it happen, and what is due by that; false where nobody listens. */
  const happen = async (event: string, what: unknown) => {
    const [code] = host.exits
    if (code !== undefined) throw tooLate(code)
    const isHeard = host.emit(event, what)
    await clock.advance(0)
    return isHeard
  }

  return {
    shutdown,
    async signal(signal) {
      if (!Object.hasOwn(signalNumbers(), signal) || INAUDIBLE.has(signal)) {
        throw invalidOption('signal', 'a signal that a program can hear, such as SIGTERM', signal)
      }
      const isHeard = await happen(signal, signal)
      if (!isHeard && !HARMLESS.has(signal)) throw deaf(signal, host)
    },
    async message(message) {
      await happen('message', message)
    },
    async fault(thrown, origin = 'uncaughtException') {
      if (origin !== 'uncaughtException' && origin !== 'unhandledRejection') {
        throw invalidOption('origin', "'uncaughtException' or 'unhandledRejection'", origin)
      }
      if (!(await happen(origin, thrown))) throw deaf(origin, host)
    },
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
      return report
    },
    get exitCode() {
      return host.exits[0]
    },
    get output() {
      return host.output
    },
  }
}

function tooLate(code: number): LastcallError {
  return new LastcallError(
    'LASTCALL_NOT_LISTENING',
    `The process has exited with code ${code}: nothing reaches it any more. Create a shutdown for each test.`,
  )
}

function deaf(what: string, host: TestProcess): LastcallError {
  const fix =
    host.listeners.length === 0
      ? 'call shutdown.listen(), as the application does'
      : `it listens to ${host.listeners.join(', ')}; look at the options \`signals\` and \`faults\``
  return new LastcallError(
    'LASTCALL_NOT_LISTENING',
    `Nobody listens to ${what}: it would have ended the process at once, and no hook would have run. To have it heard, ${fix}.`,
  )
}

/** Signals that no program hears. */
const INAUDIBLE: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGSTOP'])

/** Signals that end no program of Node that is deaf to them. */
const HARMLESS: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGCHLD',
  'SIGCONT',
  'SIGPIPE',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGUSR1',
  'SIGWINCH',
])

function checkedEnv(env: unknown): Readonly<Record<string, string>> {
  const isEnv = typeof env === 'object' && env !== null && !Array.isArray(env)
  const values = isEnv ? Object.values(env) : []
  if (isEnv && values.every((value) => typeof value === 'string')) return { ...env }
  throw invalidOption(
    'env',
    "an object of strings, such as { KUBERNETES_SERVICE_HOST: '10.0.0.1' }",
    env,
  )
}

function checkedFlag(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalidOption('terminal', 'true or false', value)
}
