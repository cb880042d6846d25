import { parseDuration } from '../duration.ts'
import { parseSignal } from '../workers/signal.ts'
import { told, usageError } from './failure.ts'

/** An option that was given once, as text; the parser makes numbers of what looks like one. */
export function textOf(value: unknown, option: string): string | undefined {
  if (value === undefined) return undefined
  if (Array.isArray(value)) throw usageError(`--${option} is given more than once`)
  if (value === true || value === '') throw usageError(`--${option} needs a value`)
  return String(value)
}

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
  return new Map(
    given.map((text) => {
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
      return [signal, signalOf(to, 'signal')]
    }),
  )
}
