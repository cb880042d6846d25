import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Installed } from './install.ts'
import { isNode } from './runtimes.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What `npm test` runs, and `npm run test:programs`. */
const CONFIGS = ['vitest.config.ts', 'test/programs.vitest.config.ts']

/** Runs the tests of the repository on each Node, as these do on the one that is installed. */
export async function suitePasses(
  runtimes: readonly Installed[],
  say: (line: string) => void,
): Promise<string[]> {
  const problems: string[] = []
  for (const { name, version, path } of runtimes.filter(isNode)) {
    // Also what the tests start by the name of node.
    const env = { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env.PATH}` }
    for (const config of CONFIGS) {
      say(`\n${name} (${version}): ${config}`)
      const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', config]
      const [code] = await once(spawn(path, args, { cwd: ROOT, env, stdio: 'inherit' }), 'close')
      if (code !== 0) problems.push(`${name} (${version}): tests of ${config} failed`)
    }
  }
  return problems
}
