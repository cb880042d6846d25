import { TimeoutError } from '../../../src/base/errors.ts'
import type { Reason } from '../../../src/base/reason.ts'
import type { HookContext } from '../../../src/engine/hook.ts'
import type { PlatformName } from '../../../src/platform/platform.ts'
import type { Clock } from '../../../src/runtime/clock.ts'

/** What a test wants of the run that it hands to a hook. */
export interface ContextOptions {
  readonly clock: Clock
  /** Milliseconds until the hook's limit, from now on. */
  readonly limit?: number
  readonly platform?: PlatformName
  /** Another one that was recognised. */
  readonly also?: PlatformName
  readonly reason?: Reason
}

/** The context of a hook without a coordinator: the test comes to the limit when it wants. */
export function contextOf(options: ContextOptions): {
  context: HookContext
  notes: string[]
  abort: () => void
} {
  const { clock, limit = 9000, platform = 'unknown', also, reason } = options
  const guess = (name: PlatformName) => ({ name, grace: 10_000, because: 'the test says so' })
  const controller = new AbortController()
  const notes: string[] = []
  const waits: (() => readonly string[])[] = []
  let until = clock.now() + limit
  return {
    notes,
    abort: () => {
      until = clock.now()
      for (const left of waits.flatMap((list) => list())) notes.push(`cut off: ${left}`)
      controller.abort(new TimeoutError('cut off by the test'))
    },
    context: {
      signal: controller.signal,
      reason: reason ?? { kind: 'call', note: null },
      platform: { ...guess(platform), also: also === undefined ? [] : [guess(also)] },
      deadline: clock.date() + limit,
      remaining: () => Math.max(0, until - clock.now()),
      note: (text) => void notes.push(text),
      waitingFor: (list) => void waits.push(list),
    },
  }
}
