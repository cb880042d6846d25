import { formatDuration } from '../../base/duration.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { ProgramSettings, RunningProgram } from './options.ts'
import type { StartedProgram } from './program.ts'

/** How often `ready` is called, in milliseconds. */
const INTERVAL = 50

/** How long the output of an ended program may take to arrive, in milliseconds. */
const OUTPUT_WAIT = 200

type CheckReady = (program: RunningProgram) => boolean | Promise<boolean>

/** Resolves with `undefined` when the program is ready, or else with the reason why it never will be. */
export function untilReady(
  program: StartedProgram,
  { ready, readyWithin }: Pick<ProgramSettings, 'ready' | 'readyWithin'>,
  clock: Clock,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const search = typeof ready === 'function' ? undefined : program.search(ready)
    let isOver = false
    let isChecking = false
    let next: unknown
    let outputWait: unknown
    let lastError: unknown
    const finish = (problem?: string) => {
      isOver = true
      for (const timer of [next, outputWait, limit]) clock.clearTimeout(timer)
      stopListening()
      search?.stop()
      resolve(problem)
    }
    const check = async (isLast = false) => {
      if (isOver || isChecking) return
      isChecking = true
      clock.clearTimeout(next)
      try {
        const answer = search ? search.isFound(isLast) : await (ready as CheckReady)(program)
        if (answer && !isOver) return finish()
      } catch (error) {
        lastError = error // Most often a request to a server that does not listen yet.
      }
      isChecking = false
      if (!isOver) next = clock.setTimeout(() => void check(), INTERVAL)
    }
    const limit = clock.setTimeout(() => {
      const why = lastError === undefined ? '' : `; \`ready\` has failed last with ${lastError}`
      const fix = 'does it write what `ready` waits for, and is `readyWithin` long enough?'
      finish(`was not ready within ${formatDuration(readyWithin)}${why}; ${fix}`)
    }, readyWithin)
    // A function is not called for each piece of output, because it may search all of it.
    const stopListening = search ? program.onOutput(() => void check()) : () => {}
    // The last output may have made it ready. A process that it started may hold the output open for ever.
    const endUnready = () => check(true).then(() => isOver || finish('has ended'))
    program.written.then(endUnready)
    program.ended.then(() => {
      if (!isOver) outputWait = clock.setTimeout(endUnready, OUTPUT_WAIT)
    })
    check()
  })
}
