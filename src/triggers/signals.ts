import { likelyName } from '../base/did-you-mean.ts'
import { type Duration, parseDuration } from '../base/duration.ts'
import {
  invalidOption,
  notOneOf,
  optionNames,
  refusal,
  refuseUnknownOptions,
} from '../base/errors.ts'
import type { Reason } from '../base/reason.ts'
import type { Clock } from '../runtime/clock.ts'
import type { OwnSignals, ProcessPort } from '../runtime/process.ts'
import { isSignal } from '../runtime/signals.ts'

/** Which signals start a shutdown, and which force the exit. */
export interface SignalOptions {
  /** The signals that start a shutdown. Default: SIGTERM and SIGINT. */
  readonly on?: readonly NodeJS.Signals[] | undefined
  /** The signals that force the exit at once when they come a second time. Default: SIGINT. */
  readonly forceOn?: readonly NodeJS.Signals[] | undefined
  /**
   * A signal within this time of the first counts as the same press: launchers repeat a signal within
   * some 25 ms. Default 100 ms. The clock starts with the first signal.
   */
  readonly samePressWithin?: Duration | undefined
  /**
   * When the listeners of other code to these signals are called: `'beside'` the hooks, at the signal, or
   * `'after'` them, when the last hook has ended. Promises that they return are then awaited, and 10 % of
   * the time until the deadline is kept for them. Default: `'beside'`, with a warning at each shutdown that
   * names them. Set it to have no warning.
   *
   * @example createShutdown({ signals: { others: 'after' } })
   */
  readonly others?: 'beside' | 'after' | undefined
  /**
   * With `others: 'after'`: how long to wait at most for a listener that returns no promise. The wait ends
   * as soon as the event loop has nothing to do. Default 2 s. The clock starts when it is called.
   */
  readonly othersWithin?: Duration | undefined
}

/** What a signal can do. */
export interface SignalActions {
  /** Starts the shutdown. Returns false if it has started already. */
  begin(reason: Reason & { kind: 'signal' }): boolean
  /** Exits at once. */
  force(signal: NodeJS.Signals): void
  /** Reports a signal that changes nothing. */
  repeat(signal: NodeJS.Signals, samePress: boolean): void
}

const OPTIONS = optionNames<SignalOptions>({
  on: true,
  forceOn: true,
  samePressWithin: true,
  others: true,
  othersWithin: true,
})

/** Checks the option `signals`, an object or the list of signals alone, and fills in the defaults. */
export function signalSettings(option: unknown = {}) {
  const isList = Array.isArray(option)
  if (!isList && typeof option !== 'object') {
    const rule = `an array of signals, such as ${EXAMPLE}, or an object such as { on: ${EXAMPLE} }`
    throw invalidOption(
      'signals',
      rule,
      option,
      isSignal(option) ? `Write ['${option}'].` : undefined,
    )
  }
  if (!isList) refuseUnknownOptions(option, OPTIONS, `{ on: ${EXAMPLE} }`, 'signals')
  const options = (isList ? { on: option } : option) as { [Key in keyof SignalOptions]: unknown }
  const onName = isList ? 'signals' : 'signals.on'
  const on = signalList(options.on, onName, ['SIGTERM', 'SIGINT'])
  const byDefault = on.filter((signal) => signal === 'SIGINT')
  const forceOn = signalList(options.forceOn, 'signals.forceOn', byDefault)
  const unheard = forceOn.find((signal) => !on.includes(signal))
  if (unheard !== undefined) {
    throw invalidOption('signals.forceOn', `some of \`signals.on\` (${on.join(', ')})`, unheard)
  }
  const { others, samePressWithin = 100, othersWithin = 2000 } = options
  if (others !== undefined && others !== 'beside' && others !== 'after') {
    throw notOneOf('signals.others', ['beside', 'after'], others)
  }
  if (options.othersWithin !== undefined && others !== 'after') {
    const rule = "given with others: 'after' only"
    throw invalidOption('signals.othersWithin', rule, othersWithin)
  }
  return {
    on,
    forceOn,
    samePressWithin: parseDuration(samePressWithin, 'signals.samePressWithin', 0),
    others,
    othersWithin: parseDuration(othersWithin, 'signals.othersWithin', 0),
  }
}

export type SignalSettings = ReturnType<typeof signalSettings>

/** Listens to the signals. Returns a function that stops listening. */
export function onSignals(
  { on, forceOn, samePressWithin }: SignalSettings,
  { host, clock, actions }: { host: ProcessPort; clock: Clock; actions: SignalActions },
): () => void {
  let isSamePress = false
  let timer: unknown
  let ownSignals: OwnSignals | undefined
  const received = new Set<NodeJS.Signals>()
  const onSignal = (signal: NodeJS.Signals) => {
    const isFirst = received.size === 0
    // A listener of other code may do its work, and then send the signal again to end the process.
    if (ownSignals?.isOwn(signal)) return actions.repeat(signal, false)
    const isAgain = received.has(signal)
    received.add(signal)
    if (isFirst) {
      ownSignals = host.noteOwnSignals()
      if (samePressWithin > 0) {
        isSamePress = true
        // If a hook blocks the event loop, a signal that was sent within the window arrives after it. So
        // the window ends after a poll phase, not at a fixed time.
        const endWindow = () => {
          isSamePress = false
        }
        timer = clock.setTimeout(() => clock.afterPoll(endWindow), samePressWithin)
        clock.unref(timer)
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
  const undos = on.map((signal) => host.onFirst(signal, () => onSignal(signal)))
  return () => {
    clock.clearTimeout(timer)
    ownSignals?.stop()
    for (const undo of undos) undo()
  }
}

// Signals that no process can catch, after which no code may run, or that Node uses itself.
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'the kernel lets no process catch it': ['SIGKILL', 'SIGSTOP'],
  'it reports a fault of the process itself': [
    'SIGSEGV',
    'SIGBUS',
    'SIGFPE',
    'SIGILL',
    'SIGABRT',
    'SIGTRAP',
    'SIGSYS',
  ],
  "Node's debugger listens to it": ['SIGUSR1'],
  "Node's profiler uses it": ['SIGPROF'],
}

const EXAMPLE = "['SIGTERM', 'SIGINT']"
const KNOWN = 'SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGBREAK'

function signalList(
  value: unknown,
  option: string,
  byDefault: readonly NodeJS.Signals[],
): readonly NodeJS.Signals[] {
  if (value === undefined) return byDefault
  if (!Array.isArray(value)) {
    throw invalidOption(
      option,
      `an array of signals, such as ${EXAMPLE}`,
      value,
      isSignal(value) ? `Write ['${value}'].` : undefined,
    )
  }
  for (const signal of value) {
    const why = Object.keys(REFUSED).find((reason) => REFUSED[reason]?.includes(signal))
    if (why !== undefined) {
      throw refusal(
        'LASTCALL_SIGNAL_REFUSED',
        `\`${option}\` cannot hold '${signal}': ${why}. Use one of ${KNOWN}.`,
      )
    }
    // SIGBREAK exists on Windows only. A list that is meant for every system may contain it.
    if (signal !== 'SIGBREAK' && !isSignal(signal)) {
      const likely = likelyName(signal, KNOWN.split(', '))
      const fix = likely && `Did you mean '${likely}'?`
      throw invalidOption(option, `an array of signals that exist, such as ${KNOWN}`, signal, fix)
    }
  }
  return [...new Set<NodeJS.Signals>(value)]
}
