import { type Duration, parseDuration } from '../base/duration.ts'
import { invalidOption, LastcallError } from '../base/errors.ts'
import type { Reason } from '../base/reason.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ProcessPort } from '../runtime/process.ts'
import { signalNumbers } from '../runtime/signals.ts'

/** Which signals start a run, and what a second press does. */
export interface SignalOptions {
  /** The signals that start a run. Default: SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[]
  /** The signals whose second press forces the exit at once. Default: SIGINT. */
  readonly forceOn?: readonly NodeJS.Signals[]
  /**
   * A signal that comes within this time of the first is the same press: launchers repeat signals
   * within some 25 ms. Default 100 ms; the clock starts with the press.
   */
  readonly samePressWithin?: Duration
}

export interface SignalSettings {
  readonly signals: readonly NodeJS.Signals[]
  readonly forceOn: readonly NodeJS.Signals[]
  readonly samePressWithin: number
}

/** What becomes of a signal. */
export interface SignalActions {
  /** Starts the run; false where it has begun already. */
  begin(reason: Reason): boolean
  force(signal: NodeJS.Signals): void
  repeat(signal: NodeJS.Signals, samePress: boolean): void
}

export function signalSettings(options: { [Key in keyof SignalOptions]: unknown }): SignalSettings {
  const signals = signalList(options.signals, 'signals', ['SIGTERM', 'SIGINT'])
  const usual = signals.filter((signal) => signal === 'SIGINT')
  const forceOn = signalList(options.forceOn, 'forceOn', usual)
  const deaf = forceOn.find((signal) => !signals.includes(signal))
  if (deaf !== undefined) {
    throw invalidOption('forceOn', `some of \`signals\` (${signals.join(', ')})`, deaf)
  }
  return {
    signals,
    forceOn,
    samePressWithin: parseDuration(options.samePressWithin ?? 100, 'samePressWithin', 0),
  }
}

/** Listens to the signals until it is taken back. */
export function onSignals(
  { signals, forceOn, samePressWithin }: SignalSettings,
  { host, clock, actions }: { host: ProcessPort; clock: Clock; actions: SignalActions },
): () => void {
  const pressed = new Set<NodeJS.Signals>()
  let isSamePress = false
  let timer: unknown
  const heard = (signal: NodeJS.Signals) => {
    const isFirst = pressed.size === 0
    const isAgain = pressed.has(signal)
    pressed.add(signal)
    if (isFirst) {
      if (samePressWithin > 0) {
        isSamePress = true
        // Not by the time at which a signal is heard: a hook may block the loop, and what was sent
        // within the window is heard after it. So it ends after a poll phase that comes later.
        const end = () => {
          isSamePress = false
        }
        timer = clock.setTimeout(() => clock.afterPoll(end), samePressWithin)
      }
      const terminal = signal === 'SIGINT' && host.interactive
      if (!actions.begin({ kind: 'signal', signal, terminal })) actions.repeat(signal, false)
    } else if (isSamePress) {
      actions.repeat(signal, true)
    } else if (isAgain && forceOn.includes(signal)) {
      actions.force(signal)
    } else {
      actions.repeat(signal, false)
    }
  }
  const undos = signals.map((signal) => host.on(signal, () => heard(signal)))
  return () => {
    clock.clearTimeout(timer)
    for (const undo of undos) undo()
  }
}

/**
 * From the start of a run on a SIGHUP ends nothing any more: yarn 1 sends one 9 ms after a Ctrl-C,
 * and so does a terminal that is closed under a process that is leaving.
 */
export function absorbHangup(
  { signals }: SignalSettings,
  host: ProcessPort,
  actions: SignalActions,
): () => void {
  if (signals.includes('SIGHUP')) return () => {}
  return host.on('SIGHUP', () => actions.repeat('SIGHUP', false))
}

// Nobody can hear the first two; after the others the process is in a state that no code may run in,
// or, with SIGUSR1 and SIGPROF, they are Node's own.
const REFUSED: Readonly<Record<string, string>> = {
  SIGKILL: 'the kernel lets no process hear it',
  SIGSTOP: 'the kernel lets no process hear it',
  SIGSEGV: 'it reports a fault of the process itself',
  SIGBUS: 'it reports a fault of the process itself',
  SIGFPE: 'it reports a fault of the process itself',
  SIGILL: 'it reports a fault of the process itself',
  SIGABRT: 'it reports a fault of the process itself',
  SIGTRAP: 'it reports a fault of the process itself',
  SIGSYS: 'it reports a fault of the process itself',
  SIGUSR1: "Node's debugger listens to it",
  SIGPROF: "Node's profiler uses it",
}

const KNOWN = 'SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGBREAK'

function signalList(
  value: unknown,
  option: string,
  usual: readonly NodeJS.Signals[],
): readonly NodeJS.Signals[] {
  if (value === undefined) return usual
  if (!Array.isArray(value)) {
    throw invalidOption(option, "an array of signals, such as ['SIGTERM', 'SIGINT']", value)
  }
  for (const signal of value) {
    if (typeof signal === 'string' && Object.hasOwn(REFUSED, signal)) {
      throw new LastcallError(
        'LASTCALL_SIGNAL_REFUSED',
        `Expected \`${option}\` not to hold ${signal}: ${REFUSED[signal]}. Use one of ${KNOWN}.`,
      )
    }
    // SIGBREAK is known on Windows only, and may stand in a list for every system.
    const exists = typeof signal === 'string' && Object.hasOwn(signalNumbers(), signal)
    if (signal !== 'SIGBREAK' && !exists) {
      throw invalidOption(option, `an array of signals that exist, such as ${KNOWN}`, signal)
    }
  }
  return [...new Set<NodeJS.Signals>(value)]
}
