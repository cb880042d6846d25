import { systemClock } from '../runtime/clock.ts'
import { systemProcess } from '../runtime/process.ts'
import type { FakeTimersClock } from './fake-timers-clock.ts'
import { pause } from './node/real-time.ts'
import { settle } from './node/settle.ts'
import { listResources, type RealWork } from './real-work.ts'
import type { TestClock } from './test-clock.ts'

/** What `moveToEnd()` moves. */
export interface MovedShutdown {
  readonly clock: TestClock | FakeTimersClock
  /** The work that has to be done before each move. */
  readonly work: RealWork
  /** Whether the shutdown is over. */
  isOver(): boolean
  /** The hooks that have begun and not ended, such as `'jobs'`. */
  running(): readonly string[]
}

/**
 * Moves the clock of a test, timer by timer, until the shutdown is over. Before each move, all real work has
 * to be done: nothing new keeps the event loop alive in two of its turns.
 */
export async function moveToEnd(moved: MovedShutdown): Promise<void> {
  let waitsSince: number | undefined
  let isReported = false
  while (!moved.isOver()) {
    if (await isQuiet(moved)) {
      waitsSince = undefined
      await moved.clock.step()
      continue
    }
    waitsSince ??= systemClock.now()
    if (!isReported && systemClock.now() - waitsSince > REPORTED_AFTER) {
      isReported = true
      systemProcess.warn(`lastcall: run() has waited for 1 s. ${describe(moved)}\n`)
    }
    await pause(1)
  }
}

/** Milliseconds of real time. */
const REPORTED_AFTER = 1000

async function isQuiet({ clock, work, isOver }: MovedShutdown): Promise<boolean> {
  for (let turn = 0; turn < 2; turn++) {
    await settle()
    if (isOver() || clock.holds.isHeld) return false
    if (Object.keys(work.now()).length > 0) return false
  }
  return true
}

/** What a shutdown waits for, for a person whose test hangs. */
export function describe({ clock, work, running }: MovedShutdown): string {
  const hooks = running()
  const resources = listResources(work.now())
  return [
    hooks.length === 0 ? 'No hook is running.' : `These hooks are running: ${hooks.join(', ')}.`,
    resources === '' ? [] : `Real work is going on: ${resources}.`,
    clock.holds.isHeld ? 'A child process, a thread or a worker has not ended.' : [],
    'The clock of the test stands still meanwhile.',
  ]
    .flat()
    .join(' ')
}
