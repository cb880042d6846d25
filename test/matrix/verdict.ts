import { covers } from './document.ts'
import { GAPS } from './gaps.ts'
import type { Result } from './try.ts'

/** What is not as it is known to be: what should work and doesn't, and what does though it is told not to. */
export function problemsOf(results: readonly Result[]): string[] {
  return results.flatMap((result) => {
    const { runtime, feature, problem } = result
    const gap = GAPS.find((gap) => covers(gap, result))
    const what = `${runtime.name} ${runtime.version}: ${feature.name}`
    if (problem !== undefined && !gap) return [`${what}\n  ${problem}`]
    if (problem === undefined && gap && !gap.atTimes) {
      return [
        `${what}\n  works, though test/matrix/gaps.ts says that it does not: take it out there`,
      ]
    }
    return []
  })
}
