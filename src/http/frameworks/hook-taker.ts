import { invalidOption } from '../../base/errors.ts'
import type { Hook } from '../../engine/hook.ts'

/** As much of a shutdown as an adapter needs that adds its hooks itself. */
export interface HookTaker {
  add(hooks: readonly Hook[]): () => boolean
}

export function refuseNoShutdown(shutdown: HookTaker): void {
  if (typeof shutdown?.add === 'function') return
  throw invalidOption('shutdown', 'what createShutdown() returns', shutdown)
}
