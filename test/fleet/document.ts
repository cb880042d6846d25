import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pictureOf, WIDTHS } from '../../examples/sequences/draw.ts'
import type { Sequence } from '../../examples/sequences/sequence.ts'

const PATH = fileURLToPath(new URL('../../docs/how-to/rolling-restarts.md', import.meta.url))

/** Puts the tables into the document, each between its marks. */
export function writeTables(rolling: string, faults: string): void {
  let text = readFileSync(PATH, 'utf8')
  for (const [name, table] of Object.entries({ rolling, faults })) {
    const [begin, end] = [`<!-- ${name}, from npm run fleet -->`, `<!-- end of ${name} -->`]
    const [before, rest] = text.split(begin)
    const [, after] = rest?.split(end) ?? []
    if (after === undefined) throw new Error(`${PATH} has no marks for ${name}`)
    text = `${before}${begin}\n\n${table}\n\n${end}${after}`
  }
  writeFileSync(PATH, text)
}

/** Puts a picture beside those of the other pages, for a page and for a telephone, with what it is drawn from. */
export function writePicture(name: string, sequence: Sequence): void {
  const file = (ending: string) => new URL(`../../docs/sequences/${name}${ending}`, import.meta.url)
  writeFileSync(file('.json'), `${JSON.stringify(sequence, null, 2)}\n`)
  writeFileSync(file('.svg'), pictureOf(sequence))
  writeFileSync(file('-narrow.svg'), pictureOf(sequence, WIDTHS.narrow))
}
