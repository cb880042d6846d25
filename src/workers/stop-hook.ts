import { type Duration, parseDuration } from '../base/duration.ts'
import { type Hook, placeHook } from '../engine/hook.ts'

/** The options that the hooks for processes and threads have in common. */
export interface StopHookOptions {
  /** The phase in which it is stopped. Default `stop`. */
  readonly phase?: string
  /**
   * The longest that it may take to end, from the beginning of the hook; then it is killed. This time is
   * reserved: nothing earlier may use it. Default: what the budget leaves.
   */
  readonly stopWait?: Duration
  /** The exit codes with which it ends well. Default `[0]`. */
  readonly exitCodes?: readonly number[]
  /** The part of the budget that nothing earlier may use. Default: `stopWait`, or that of its phase. */
  readonly reserve?: Duration
}

/** The hook that stops a process or a thread; its time is `stopWait`. */
export function stopHook(
  name: string,
  { phase = 'stop', stopWait, reserve = stopWait }: StopHookOptions,
  run: Hook['run'],
): Hook {
  if (stopWait !== undefined) parseDuration(stopWait, 'stopWait')
  return placeHook({ name, phase, timeout: stopWait, reserve }, run)
}
