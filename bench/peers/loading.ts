// What loading a contestant costs.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { range } from '../table.ts'
import { PEERS } from './install.ts'
import { PACKAGES } from './names.ts'
import { counted, type Part } from './part.ts'
import { inRounds, rowOf } from './rounds.ts'

const EMPTY = 'an empty module'
const BOTH = 'lastcall and lastcall/http'
const code: Readonly<Record<string, string>> = {
  [EMPTY]: '',
  ...Object.fromEntries([...PACKAGES, 'lastcall'].map((name) => [name, `import '${name}'`])),
  [BOTH]: `import 'lastcall'; import 'lastcall/http'`,
}

/** A folder with a module for each, which finds the packages as an application would. */
function writeModules(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-loading-'))
  symlinkSync(join(PEERS, 'node_modules'), join(folder, 'node_modules'), 'junction')
  for (const [index, text] of Object.values(code).entries()) {
    writeFileSync(join(folder, `${index}.mjs`), text)
  }
  return folder
}

/** A whole process that loads it and ends, in milliseconds. */
function timeOf(name: string, folder: string): number {
  const path = join(folder, `${Object.keys(code).indexOf(name)}.mjs`)
  const began = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' })
  const elapsed = performance.now() - began
  if (status !== 0) throw new Error(/^\S*Error.*$/m.exec(stderr)?.[0] ?? stderr)
  return elapsed
}

export const loading: Part = {
  name: 'loading',
  estimate: ({ pairs }) => pairs,
  async measure({ pairs }, progress) {
    const folder = writeModules()
    const all = await inRounds({
      contestants: Object.keys(code),
      runs: pairs,
      progress,
      what: 'loading',
      measure: async (name) => timeOf(name, folder),
    })
    rmSync(folder, { recursive: true })
    const empty = all.find(({ contestant }) => contestant === EMPTY)?.results ?? []
    return [
      {
        title: 'Loading',
        head: ['what', 'whole process', 'over an empty module, pair by pair'],
        rows: all.map((one) =>
          rowOf(one, (times) => {
            const over = times.map((time, index) => time - (empty[index] ?? Number.NaN))
            return [range(times, 'ms', 1), one.contestant === EMPTY ? '–' : range(over, 'ms', 1)]
          }),
        ),
        notes: [
          `A process that imports it (ESM) and ends, ${counted(pairs, 'round')}: median (least to most).`,
        ],
      },
    ]
  },
}
