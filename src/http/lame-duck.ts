import { formatDuration } from '../base/duration.ts'
import { plural } from '../base/summarize.ts'
import { type HookContext, minimumLameDuck } from '../engine/hook.ts'
import type { KnownProbers } from './health/health-checks.ts'
import { DEFAULTS, type LameDuckSettings } from './options.ts'
import type { ServerState } from './server-state.ts'

/**
 * Waits until the probers have seen 503 and new connections have ceased, within the bounds of the
 * settings. The server goes on accepting meanwhile.
 *
 * @returns why it ended, for the report; `undefined` where there was nothing to wait for
 */
export async function lameDuck(
  settings: LameDuckSettings,
  state: ServerState,
  probers: KnownProbers | undefined,
  context: HookContext,
): Promise<string | undefined> {
  const bounds = boundsOf(settings, context)
  if (bounds.atMost === 0) return undefined
  noteSlowProber(settings.probes, bounds, probers, context)
  const notYetNotified = () => probers?.notYetNotified(settings.probes, bounds.atMost) ?? []
  const hasProbers = notYetNotified().length > 0
  if (bounds.atLeast === 0 && !hasProbers) return undefined

  const { clock } = state
  const began = clock.now()
  const end = began + bounds.atMost
  let isNotified = false
  /** Why the lame duck is over, or when to check again unless a prober asks first. */
  const check = (): string | number => {
    const now = clock.now()
    const goneAts = notYetNotified()
    if (bounds.isShortened && now >= end) return 'shortened, to leave time for the drain'
    const quietAt = hasProbers ? state.lastArrivalAt + settings.quiet : began
    const readyAt = Math.max(began + bounds.atLeast, quietAt)
    if (goneAts.length === 0 && now >= readyAt) {
      if (!hasProbers) return 'the minimum'
      return isNotified ? 'every prober got a 503' : 'every prober went away'
    }
    if (now >= end) {
      if (goneAts.length === 0) return 'new connections kept coming'
      return `${plural(goneAts.length, 'prober')} had not asked often enough in time`
    }
    return Math.min(end, ...(goneAts.length > 0 ? goneAts : [readyAt]))
  }

  return new Promise((resolve) => {
    let timer: unknown
    const proceed = () => {
      clock.clearTimeout(timer)
      const next = context.signal.aborted ? 'cut off' : check()
      if (typeof next === 'number') {
        timer = clock.setTimeout(proceed, Math.max(1, Math.ceil(next - clock.now())))
        return
      }
      context.signal.removeEventListener('abort', proceed)
      removeListener?.()
      resolve(next)
    }
    context.signal.addEventListener('abort', proceed)
    const removeListener = probers?.onNotified(() => {
      isNotified = true
      proceed()
    })
    proceed()
  })
}

function boundsOf(settings: LameDuckSettings, context: HookContext) {
  const { reason } = context
  const isAtTerminal = reason.kind === 'signal' && reason.terminal
  const usualMost = Math.min(DEFAULTS.lameDuck.atMost, context.remaining() / 2)
  const wanted = settings.atMost ?? Math.max(usualMost, settings.atLeast ?? 0)
  // A quarter of the time is kept to stop listening and for the drain, whatever the options say.
  const atMost = isAtTerminal ? 0 : Math.min(wanted, context.remaining() * 0.75)
  return {
    atLeast: Math.min(settings.atLeast ?? minimumLameDuck(context.platform), atMost),
    atMost,
    /** Whether `lameDuck.atLeast` had to give way to the drain. */
    isShortened: atMost < Math.min(wanted, settings.atLeast ?? 0),
  }
}

/** Reports a prober that asks too seldom to get its 503s in time. */
function noteSlowProber(
  probes: number,
  { atLeast, atMost }: ReturnType<typeof boundsOf>,
  probers: KnownProbers | undefined,
  context: HookContext,
): void {
  const interval = probers?.tooSeldom(probes, atMost)
  // Kubernetes removes a deleted pod from its Services without waiting for a probe to fail.
  const needsNoProbe = minimumLameDuck(context.platform) > 0
  if (interval === undefined || needsNoProbe || atLeast >= interval * probes) return
  context.note(
    `the lame duck does not wait for a prober that asks every ${formatDuration(interval)}: ${plural(probes, 'answer')} of 503 would take it ${formatDuration(interval * probes)}, and the lame duck may last ${formatDuration(atMost)} (grace, lameDuck.atMost, lameDuck.probes)`,
  )
}
