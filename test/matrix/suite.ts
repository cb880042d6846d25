import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Installed } from './install.ts'
import { isNode } from './runtimes.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Runs all tests of the repository on each Node, as `npm test` does on the one that is installed. */
export async function suitePasses(
  runtimes: readonly Installed[],
  say: (line: string) => void,
): Promise<string[]> {
  const problems: string[] = []
  for (const { name, version, path } of runtimes.filter(isNode)) {
    say(`\n${name} (${version}): the whole suite`)
    // Also what the tests start by the name of node.
    const env = { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env.PATH}` }
    const args = ['node_modules/vitest/vitest.mjs', 'run']
    const [code] = await once(spawn(path, args, { cwd: ROOT, env, stdio: 'inherit' }), 'close')
    if (code !== 0) problems.push(`${name} (${version}): the suite failed`)
  }
  return problems
}
