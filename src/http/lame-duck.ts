import { type Duration, formatDuration, parseDuration } from '../base/duration.ts'
import { invalidOption } from '../base/errors.ts'
import { count } from '../base/summarize.ts'
import type { HookContext } from '../engine/hook.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Arrivals } from './arrivals.ts'
import type { HealthChecks } from './health.ts'

/** For whom the server goes on accepting after it has said that it leaves, and for how long. */
export interface LameDuckOptions {
  /**
   * It lasts at least this long, counted from the start of the drain. Default: 5 s on Kubernetes,
   * where the endpoint is taken away in parallel with the signal; else 0.
   */
  readonly atLeast?: Duration
  /** It lasts at most this long. Default: half of what the drain may take, and 10 s at most. */
  readonly atMost?: Duration
  /** How often a readiness prober has to be told 503 before it believes it. Default 3. */
  readonly probes?: number
  /**
   * Once every prober has been told, new connections must have ceased for this long. Counted from
   * the last one, also from before. Default 100 ms.
   */
  readonly quiet?: Duration
}

export interface LameDuckSettings {
  readonly atLeast: number | undefined
  readonly atMost: number | undefined
  readonly probes: number
  readonly quiet: number
}

/** A duration stands for a lame duck of just that length; 0 for none. */
export function lameDuckSettings(option: unknown): LameDuckSettings {
  if (option === undefined) return { atLeast: undefined, atMost: undefined, probes: 3, quiet: 100 }
  if (typeof option !== 'object' || option === null) {
    const exactly = parseDuration(option, 'lameDuck', 0)
    return { atLeast: exactly, atMost: exactly, probes: 0, quiet: 0 }
  }
  const { atLeast, atMost, probes = 3, quiet = 100, ...others } = option as LameDuckOptions
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw invalidOption(
      'lameDuck',
      'a duration, or made of atLeast, atMost, probes and quiet',
      unknown,
    )
  }
  if (!Number.isInteger(probes) || probes < 0) {
    throw invalidOption('lameDuck.probes', 'an integer of 0 or more', probes)
  }
  const settings = {
    atLeast: atLeast === undefined ? undefined : parseDuration(atLeast, 'lameDuck.atLeast', 0),
    atMost: atMost === undefined ? undefined : parseDuration(atMost, 'lameDuck.atMost', 0),
    probes,
    quiet: parseDuration(quiet, 'lameDuck.quiet', 0),
  }
  if ((settings.atLeast ?? 0) > (settings.atMost ?? Number.POSITIVE_INFINITY)) {
    throw invalidOption(
      'lameDuck.atLeast',
      `at most lameDuck.atMost (${settings.atMost} ms)`,
      atLeast,
    )
  }
  return settings
}

/** What kept the server accepting, for the report; `undefined` where nothing did. */
export type WhyStayed = string | undefined

/**
 * Waits for those who must first find out that the server leaves, while it goes on accepting. It
 * waits for events, and for the one instant at which the next condition can be met.
 */
export function lameDuck(
  settings: LameDuckSettings,
  parts: { arrivals: Arrivals; health: HealthChecks | undefined; clock: Clock },
  context: HookContext,
): Promise<WhyStayed> {
  const { arrivals, health, clock } = parts
  const atTerminal = context.reason.kind === 'signal' && context.reason.terminal
  const usualMost = Math.min(10_000, context.remaining() / 2)
  const { platform } = context
  const isKubernetes = [platform, ...platform.also].some(({ name }) => name === 'kubernetes')
  const usualLeast = isKubernetes ? 5000 : 0
  const wanted = settings.atMost ?? Math.max(usualMost, settings.atLeast ?? 0)
  // Whatever is wanted, something has to be left for the drain itself.
  const atMost = atTerminal ? 0 : Math.min(wanted, context.remaining() * 0.75)
  const isCut = atMost < Math.min(wanted, settings.atLeast ?? 0)
  const atLeast = Math.min(settings.atLeast ?? usualLeast, atMost)
  const untold = () => health?.probers.waiting(settings.probes, atMost) ?? []
  const hadToTell = untold().length > 0
  if (atMost === 0) return Promise.resolve(undefined)
  const tooSeldom = health?.probers.tooSeldom(settings.probes, atMost)
  // Kubernetes takes a pod that is deleted out of its Service, whatever its prober has been told.
  if (tooSeldom !== undefined && !isKubernetes && atLeast < tooSeldom * settings.probes) {
    context.note(
      `a prober that asks every ${formatDuration(tooSeldom)} is not waited for: telling it ${count(settings.probes, 'time')} takes longer than the ${formatDuration(atMost)} that the lame duck may last (grace, lameDuck.atMost, lameDuck.probes)`,
    )
  }
  if (atLeast === 0 && !hadToTell) return Promise.resolve(undefined)

  const began = clock.now()
  return new Promise((resolve) => {
    let timer: unknown
    let told = 0
    const stop = (why: string) => {
      clock.clearTimeout(timer)
      context.signal.removeEventListener('abort', onAbort)
      stopHearing?.()
      resolve(why)
    }
    const onAbort = () => stop('cut off')
    const look = () => {
      clock.clearTimeout(timer)
      const now = clock.now()
      const waiting = untold()
      if (isCut && now >= began + atMost) return stop('shortened, to leave time for the drain')
      const quietAt = hadToTell ? arrivals.last + settings.quiet : began
      const ready = Math.max(began + atLeast, quietAt)
      if (waiting.length === 0 && now >= ready)
        return stop(hadToTell ? (told > 0 ? 'probers told' : 'probers gone') : 'the minimum')
      if (now >= began + atMost) {
        return stop(
          waiting.length > 0
            ? `${waiting.length} probers not told in time`
            : 'new connections went on',
        )
      }
      const next = Math.min(began + atMost, ...(waiting.length > 0 ? waiting : [ready]))
      timer = clock.setTimeout(look, Math.max(1, Math.ceil(next - now)))
    }
    context.signal.addEventListener('abort', onAbort)
    const stopHearing = health?.probers.onTold(() => {
      told++
      look()
    })
    look()
  })
}
