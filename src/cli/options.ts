import { parseDuration } from '../base/duration.ts'
import { parseSignal } from '../workers/signal-names.ts'
import { told, usageError } from './failure.ts'
import { terminal } from './terminal.ts'

/** An option that was given once, as text; the parser makes numbers of what looks like one. */
export function textOf(value: unknown, option: string): string | undefined {
  if (value === undefined) return undefined
  if (Array.isArray(value)) throw usageError(`--${option} is given more than once`)
  if (typeof value === 'object') throw usageError(`there is no option --${option}.…`)
  const text = typeof value === 'number' ? (typed(option) ?? String(value)) : value
  if (text === true || text === '') throw usageError(`--${option} needs a value`)
  return String(text)
}

/** What was typed after an option: the parser has made a number of it, and 0042 is not 42. */
function typed(option: string): string | undefined {
  const args = terminal.args.slice(0, [...terminal.args, '--'].indexOf('--'))
  const place = args.indexOf(`--${option}`)
  if (place >= 0) return args[place + 1]
  return args.find((arg) => arg.startsWith(`--${option}=`))?.slice(option.length + 3)
}

/** Whether a flag was given, once or more often. */
export function flagOf(value: unknown): boolean {
  return [value].flat().includes(true)
}

/** Refuses a grace that would leave a program no time. */
export function checkGrace(grace: number, option: string): number {
  if (grace > LEAST_MARGIN) return grace
  throw usageError(
    `${option} has to be longer than ${LEAST_MARGIN} ms: so much is kept for leaving`,
  )
}

/** What is kept of a grace at least, in milliseconds. */
const LEAST_MARGIN = 100

/** A duration, such as 10s, into milliseconds. */
export function durationOf(value: unknown, option: string): number | undefined {
  const text = textOf(value, option)
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) {
    throw usageError(`--${option} ${text} has no unit: write ${text}s or ${text}ms`)
  }
  return told(() => parseDuration(text, `--${option}`))
}

/** The name of a signal, with SIG or without. */
export function signalOf(text: string, option: string): NodeJS.Signals {
  const name = text.toUpperCase()
  return told(() => parseSignal(name.startsWith('SIG') ? name : `SIG${name}`, `--${option}`))
}

/** Which signals are passed on as others: `TERM=QUIT`, as often as needed. */
export function rewritesOf(
  value: unknown,
  heard: readonly NodeJS.Signals[],
): ReadonlyMap<NodeJS.Signals, NodeJS.Signals> {
  const given = value === undefined ? [] : [value].flat().map(String)
  const pairs = given.map((text) => {
    const [from = '', to = '', ...rest] = text.split('=')
    if (from === '' || to === '' || rest.length > 0) {
      throw usageError(`--signal ${text} is no pair of signals: write --signal TERM=QUIT`)
    }
    const signal = signalOf(from, 'signal')
    if (!heard.includes(signal)) {
      throw usageError(
        `--signal ${text}: ${signal} is not passed on; those are ${heard.join(', ')}`,
      )
    }
    return [signal, signalOf(to, 'signal')] as const
  })
  const rewrites = new Map(pairs)
  if (rewrites.size < pairs.length)
    throw usageError('--signal names a signal twice: each is passed on as one')
  return rewrites
}
