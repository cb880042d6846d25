import type { Clock } from '../../clock.ts'
import { formatDuration } from '../../duration.ts'
import type { Settings } from './options.ts'
import type { Program } from './program.ts'

/** How often a function is asked whether the program is ready, in milliseconds. */
const INTERVAL = 50

/** Resolves when the program is ready, or with why it never will be. */
export function untilReady(
  program: Program,
  { isReady, readyWithin }: Pick<Settings, 'isReady' | 'readyWithin'>,
  clock: Clock,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let isOver = false
    let isAsking = false
    let next: unknown
    let lastError: unknown
    const finish = (problem?: string) => {
      isOver = true
      clock.clearTimeout(next)
      clock.clearTimeout(limit)
      stopListening()
      resolve(problem)
    }
    const ask = async () => {
      if (isOver || isAsking) return
      isAsking = true
      clock.clearTimeout(next)
      try {
        const answer = await isReady(program)
        if (answer && !isOver) return finish()
      } catch (error) {
        lastError = error // A request to a server that doesn't listen yet, most often.
      }
      isAsking = false
      if (!isOver) next = clock.setTimeout(ask, INTERVAL)
    }
    const limit = clock.setTimeout(() => {
      const why = lastError === undefined ? '' : `; \`ready\` has failed last with ${lastError}`
      const fix = 'does it write what `ready` waits for, and is `readyWithin` long enough?'
      finish(`was not ready within ${formatDuration(readyWithin)}${why}; ${fix}`)
    }, readyWithin)
    const stopListening = program.onOutput(ask)
    // By then all that it wrote has come in: what it was waited for may be the last of it.
    program.written.then(() => ask().then(() => finish('has ended before it was ready')))
    ask()
  })
}
