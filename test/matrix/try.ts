import type { Feature } from './feature.ts'
import type { Installed } from './install.ts'
import { Lab } from './lab.ts'
import type { Project } from './project.ts'

/** How one feature went on one runtime. */
export interface Result {
  readonly runtime: Installed
  readonly feature: Feature
  /** What went wrong, in one line; `undefined` where it works. */
  readonly problem: string | undefined
}

interface Trials {
  readonly runtimes: readonly Installed[]
  readonly features: readonly Feature[]
  readonly project: Project
  readonly say: (line: string) => void
}

// What waits for something that never comes is ended after this; nothing here takes a tenth of it.
const HANGS_AFTER = 20_000
const AT_A_TIME = 2

/** Tries every feature on every runtime. */
export async function tryAll({ runtimes, features, project, say }: Trials): Promise<Result[]> {
  const trials = runtimes.flatMap((runtime) => {
    return features.map((feature, number) => ({ runtime, feature, number }))
  })
  const results: Result[] = []
  const todo = trials.values()
  const worker = async () => {
    for (const { runtime, feature, number } of todo) {
      const problem = await tryOne(feature, new Lab(runtime, project, number))
      results.push({ runtime, feature, problem })
      const count = `${String(results.length).padStart(3)}/${trials.length}`
      say(
        `${count}  ${runtime.name.padEnd(7)}  ${problem === undefined ? 'yes' : 'NO '}  ${feature.name}`,
      )
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
  return results
}

async function tryOne(feature: Feature, lab: Lab): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const hung = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const seen = lab.programs.map(({ stdout, stderr }) => {
        return `stdout ${short(stdout)}, stderr ${short(stderr)}`
      })
      reject(new Error(`not over after ${HANGS_AFTER / 1000} s: ${seen.join('; ')}`))
    }, HANGS_AFTER)
  })
  try {
    await Promise.race([feature.check(lab), hung])
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
    lab.close()
  }
}

function short(text: string): string {
  return JSON.stringify(text.length > 600 ? `${text.slice(0, 300)} … ${text.slice(-300)}` : text)
}
