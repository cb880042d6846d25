import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../examples/deployment', import.meta.url))

/** The texts of the example's files, by name. */
export type Texts = Readonly<Record<string, string>>

export function readExample(): Texts {
  const names = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  )
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]))
}

/** The same with something else in one of them. What isn't there cannot be changed. */
export function changed(texts: Texts, file: string, from: string, to: string): Texts {
  const text = texts[file]
  if (!text?.includes(from)) throw new Error(`${file} has no '${from}'`)
  return { ...texts, [file]: text.replace(from, to) }
}
