import { formatDuration } from '../../base/duration.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Settings } from './options.ts'
import type { Program } from './program.ts'

/** How often a function is asked whether the program is ready, in milliseconds. */
const INTERVAL = 50

/** How long the output of one that has ended may take to arrive, in milliseconds. */
const OUTPUT_TAKES = 200

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
    let late: unknown
    let lastError: unknown
    const finish = (problem?: string) => {
      isOver = true
      for (const timer of [next, late, limit]) clock.clearTimeout(timer)
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
    // What it was waited for may be the last that it wrote, and another one may hold its output open.
    const endUnready = () => ask().then(() => isOver || finish('has ended before it was ready'))
    program.written.then(endUnready)
    program.ended.then(() => {
      if (!isOver) late = clock.setTimeout(endUnready, OUTPUT_TAKES)
    })
    ask()
  })
}
