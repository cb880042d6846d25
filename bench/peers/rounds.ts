import type { Progress } from './part.ts'

/** What was measured of one contestant. */
export interface Results<T> {
  readonly contestant: string
  readonly results: T[]
  /** What kept it from going on. */
  problem?: string
}

export interface RoundsOptions<T> {
  readonly contestants: readonly string[]
  readonly runs: number
  readonly progress: Progress
  /** What is measured, for the progress. */
  readonly what: string
  /** How much of the part is done before the first round, and after the last. */
  readonly from?: number
  readonly to?: number
  /** Whether a contestant has shown all it has to show. Default: never. */
  readonly enough?: (results: readonly T[]) => boolean
  measure(contestant: string): Promise<T>
}

/**
 * Every contestant has its turn in each round, so that what else goes on on the machine meets all of
 * them alike. One that fails is out, and says why; the others go on.
 */
export async function inRounds<T>(options: RoundsOptions<T>): Promise<Results<T>[]> {
  const { contestants, runs, progress, what, from = 0, to = 1, enough, measure } = options
  const all: Results<T>[] = contestants.map((contestant) => ({ contestant, results: [] }))
  for (let run = 0; run < runs; run++) {
    progress.tell(`${what}, round ${run + 1} of ${runs}`, from + ((to - from) * run) / runs)
    for (const one of rotated(all, run)) {
      if (one.problem !== undefined || enough?.(one.results)) continue
      try {
        one.results.push(await measure(one.contestant))
      } catch (error) {
        one.problem = (error as Error).message
        process.stderr.write(`${one.contestant}, ${what}: ${one.problem}\n`)
      }
    }
  }
  return all
}

/** Another one begins each time, so that the first after a pause is not always the same. */
function rotated<T>(values: readonly T[], by: number): T[] {
  const at = by % values.length
  return [...values.slice(at), ...values.slice(0, at)]
}

/** The row of a contestant; one without results says why. */
export function rowOf<T>(
  { contestant, results, problem }: Results<T>,
  cells: (results: readonly T[]) => string[],
): string[] {
  const name = contestant === 'lastcall' ? '**lastcall**' : contestant
  if (results.length > 0) return [name, ...cells(results)]
  return [name, `failed: ${problem?.replaceAll('|', '/')}`]
}

/** `code 0`, or how often each where they differ: `code 0 (9), SIGTERM (1)`. */
export function tallied(values: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  if (counts.size === 1) return values[0] ?? ''
  return [...counts].map(([value, count]) => `${value} (${count})`).join(', ')
}
