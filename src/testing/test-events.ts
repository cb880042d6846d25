import { likelyName } from '../base/did-you-mean.ts'
import { inCall, invalidOption, LastcallError, notOneOf } from '../base/errors.ts'
import { signalNumbers } from '../runtime/signals.ts'
import type { TestProcess } from './test-process.ts'

/**
 * Signals, messages and faults that happen to a test process. `begin` is called before each of them, and
 * `settle` lets due work happen.
 */
export function testEvents(host: TestProcess, begin: () => void, settle: () => Promise<void>) {
  /** False if nothing listens. */
  const happen = async (event: string, value: unknown) => {
    await runnerHasSetItsTimer()
    const [code] = host.exits
    if (code !== undefined) throw hasExited(code)
    begin()
    const isHeard = host.emit(event, value)
    await settle()
    return isHeard
  }
  return {
    async signal(signal: NodeJS.Signals) {
      if (!Object.hasOwn(signalNumbers(), signal) || UNCATCHABLE.has(signal)) {
        const likely = likelyName(signal, ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'])
        const fix = likely && `Did you mean '${likely}'?`
        const rule = 'a signal that a program can hear, such as SIGTERM'
        throw inCall('signal()', () => invalidOption('signal', rule, signal, fix))
      }
      const isHeard = await happen(signal, signal)
      if (!isHeard && !HARMLESS.test(signal)) throw notHeard(signal, host)
    },
    async message(message: unknown) {
      await happen('message', message)
    },
    async fault(thrown: unknown, origin = 'uncaughtException') {
      if (origin !== 'uncaughtException' && origin !== 'unhandledRejection') {
        const origins = ['uncaughtException', 'unhandledRejection']
        throw inCall('fault()', () => notOneOf('origin', origins, origin))
      }
      if (!(await happen(origin, thrown))) throw notHeard(origin, host)
    },
  }
}

/**
 * mocha sets the timer of a test when the test has returned its promise. Resolves after that, so that this timer
 * is not taken for one of the application.
 */
export function runnerHasSetItsTimer(): Promise<void> {
  return Promise.resolve()
}

/** The error for an event after the exit. */
export function hasExited(code: number): LastcallError {
  return new LastcallError(
    'LASTCALL_NOT_LISTENING',
    `The process has exited with code ${code}: nothing reaches it any more. Create a shutdown for each test.`,
  )
}

function notHeard(event: string, host: TestProcess): LastcallError {
  const fix =
    host.listeners.length === 0
      ? 'call shutdown.listen(), as the application does'
      : `it listens to ${host.listeners.join(', ')}; look at the options \`signals\` and \`faults\``
  return new LastcallError(
    'LASTCALL_NOT_LISTENING',
    `No code listens to ${event}. It would have ended the process at once, without running a hook. To listen to it, ${fix}.`,
  )
}

const UNCATCHABLE: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGSTOP'])

/** Signals that do not end a Node program without a listener. */
const HARMLESS = /^SIG(CHLD|CONT|PIPE|TSTP|TTIN|TTOU|URG|USR1|WINCH)$/
