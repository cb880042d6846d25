import { type Duration, formatDuration, parseDuration } from '../base/duration.ts'
import { type Hook, type HookContext, type HookPhase, placeHook } from '../engine/hook.ts'
import { holdTestTime } from '../runtime/adapter-clock.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'

/** The options that the hooks for processes and threads have in common. */
export interface StopHookOptions {
  /** The phase in which it is stopped. Default `stop`. */
  readonly phase?: HookPhase | undefined
  /**
   * The longest that it may take to end, from the beginning of the hook; then it is killed. This time is
   * reserved: nothing earlier may use it. Default: what the budget leaves.
   */
  readonly stopWait?: Duration | undefined
  /** The exit codes of a good end. Default `[0]`. An end by the stop signal is good too. */
  readonly exitCodes?: readonly number[] | undefined
  /** The part of the budget that nothing earlier may use. Default: `stopWait`, or the phase's. */
  readonly reserve?: Duration | undefined
}

/** The hook that stops a process or a thread within `stopWait`. */
export function stopHook(
  name: string,
  { phase = 'stop', stopWait, reserve = stopWait }: StopHookOptions,
  run: Hook['run'],
): Hook {
  if (stopWait !== undefined) parseDuration(stopWait, 'stopWait')
  return placeHook({ name, phase, timeout: stopWait, reserve }, run)
}

/** A process, a process group or a thread: asked to end, and killed if it does not. */
export interface Stoppable {
  /** Its name in reports: `child 'worker' (pid 12)`. */
  readonly label: string
  /** Asks it to end, or reminds it. Returns a few words on what was sent. */
  notify(isReminder: boolean): string
  kill(): void
  /** Resolves when it has ended as expected, and rejects when it has ended otherwise. */
  ended(): Promise<void>
}

/** The part of a hook's context that a stop needs. */
export type StopContext = Pick<HookContext, 'signal' | 'remaining' | 'note' | 'waitingFor'>

/** How something is stopped. */
interface StopPolicy {
  /** The signal that the platform has sent already: a second one may make a process force its exit. */
  readonly alreadySignalled?: NodeJS.Signals | undefined
  /** Whether to remind it at half of the time. Default: only where it was signalled already. */
  readonly reminds?: boolean
  readonly clock?: Clock
}

/** Asks it to end, waits, and kills it at the hook's limit. If notify() fails, kills it at once. */
export async function stop(
  stoppable: Stoppable,
  context: StopContext,
  policy: StopPolicy = {},
): Promise<void> {
  const { alreadySignalled, clock = systemClock } = policy
  const { reminds = alreadySignalled !== undefined } = policy
  const { signal, remaining, note, waitingFor } = context
  const ended = stoppable.ended()
  ended.catch(() => {}) // After a failed notify() nothing awaits it.
  let notified = { how: alreadySignalled ?? 'nothing', at: clock.now() }
  const notify = (isReminder: boolean) => {
    notified = { how: stoppable.notify(isReminder), at: clock.now() }
  }
  const attempt = (what: string, work: () => void) => {
    try {
      work()
    } catch (error) {
      note(`${stoppable.label} could not be ${what}: ${error}`) // Most often it runs as another user.
    }
  }
  const kill = () => attempt('killed', () => stoppable.kill())
  const release = holdTestTime(context, remaining())
  let isOver = false
  // At its own limit it is killed, and the note about that is enough.
  waitingFor(() => (isOver || remaining() === 0 ? [] : [stoppable.label]))
  const atLimit = () => {
    const since = formatDuration(clock.now() - notified.at)
    note(`killed: ${stoppable.label}, ${since} after ${notified.how}`)
    kill()
  }
  let reminder: unknown
  signal.addEventListener('abort', atLimit, { once: true })
  try {
    if (alreadySignalled === undefined) notify(false)
    const remind = () => attempt('reminded', () => notify(true))
    if (reminds) reminder = clock.setTimeout(remind, remaining() / 2)
  } catch (error) {
    signal.removeEventListener('abort', atLimit)
    release()
    kill()
    throw error
  }
  try {
    await ended
  } finally {
    isOver = true
    release()
    clock.clearTimeout(reminder)
    signal.removeEventListener('abort', atLimit)
  }
}
