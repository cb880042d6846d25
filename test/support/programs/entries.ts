import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where the repository begins. */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))

/** How an entry is asked for: each has files of its own. */
export const WAYS = ['import', 'require'] as const
export type Way = (typeof WAYS)[number]

/** What somebody can import of the package. */
export interface Entry {
  /** As it is imported: `lastcall/http`. */
  readonly name: string
  /** Its file in `src`. */
  readonly source: string
  /** The built file, from the root. */
  readonly code: Readonly<Record<Way, string>>
  /** The file with its types, from the root. */
  readonly types: Readonly<Record<Way, string>>
}

type Conditions = Readonly<Record<Way, { readonly default: string; readonly types: string }>>

/** All entries that there are: a new one is tested by whatever goes through them, without being named. */
export const ENTRIES: readonly Entry[] = Object.entries(manifest.exports)
  .filter(([path]) => path !== './package.json')
  .map(([path, given]) => {
    const { import: esm, require: cjs } = given as Conditions
    return {
      name: path.replace('.', manifest.name),
      source: `${ROOT}${esm.default.replace('./dist', 'src').replace(/\.js$/, '.ts')}`,
      code: { import: `${ROOT}${esm.default}`, require: `${ROOT}${cjs.default}` },
      types: { import: `${ROOT}${esm.types}`, require: `${ROOT}${cjs.types}` },
    }
  })
