import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the repository begins. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A fenced block of code, and where it stands. */
export interface Block {
  readonly file: string
  /** The line of its first line of code. */
  readonly line: number
  readonly code: string
  readonly language: 'ts' | 'js' | 'cjs'
  /** Whether it is a whole program. */
  readonly isProgram: boolean
}

export interface Document {
  /** Its path from the root. */
  readonly file: string
  readonly text: string
}

/** Reads a document of the repository, or of the installed package. */
export function readDocument(file: string, root = ROOT): Document {
  return { file, text: readFileSync(join(root, file), 'utf8') }
}

/**
 * The blocks of code in a document that are compiled. `ts` is a program, `ts no-run` a part of one. `js run`
 * is a program that is an ES module, `js cjs` one that is CommonJS. Other blocks of `js` are excerpts from
 * files, and those with `file=` files of an example.
 */
export function blocksOf({ file, text }: Document): Block[] {
  return fences(text)
    .filter(({ info }) => !info.some((word) => word.startsWith('file=')))
    .flatMap(({ info: [name, way], line, code }): Block[] => {
      if (name === 'ts') return [{ file, line, code, language: 'ts', isProgram: way !== 'no-run' }]
      if (name !== 'js' || (way !== 'run' && way !== 'cjs')) return []
      return [{ file, line, code, language: way === 'cjs' ? 'cjs' : 'js', isProgram: true }]
    })
}

/** The links in a document that lead to no file or heading under the root. */
export function brokenLinks(document: Document, root = ROOT): string[] {
  return relativeLinks(document).filter((link) => {
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? document.file : join(dirname(document.file), path)
    if (!existsSync(join(root, target))) return true
    return anchor !== undefined && !anchorsOf(readDocument(target, root)).includes(anchor)
  })
}

/** The files of an example, by the names that their blocks give them. */
export function filesIn({ text }: Document): Record<string, string> {
  return Object.fromEntries(
    fences(text).flatMap(({ info, code }) => {
      const name = info.find((word) => word.startsWith('file='))?.slice('file='.length)
      return name === undefined ? [] : [[name, code]]
    }),
  )
}

/** Everything in a document that is set as code, in blocks and in lines. */
export function codeIn({ text }: Document): string {
  const spans = withoutFences(text).match(/(`+)[^`].*?\1/g) ?? []
  return [...fences(text).map(({ code }) => code), ...spans].join('\n')
}

/** Where the links of a document lead to, those to other sites left out. */
function relativeLinks({ text }: Document): string[] {
  const links = withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)
  return [...links].map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target))
}

/** What a link can point to in a document, as its headings are known by. */
function anchorsOf({ text }: Document): string[] {
  return headings(text).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** The rows of the table under a heading, each as its cells without their marks. */
export function tableUnder({ file, text }: Document, heading: string): string[][] {
  const [, after] = text.split(new RegExp(`^#+ ${heading}$`, 'm'))
  if (after === undefined) throw new Error(`${file} has no heading '${heading}'`)
  const rows = /(?:^\|.*\|\n)+/m.exec(after)?.[0].trimEnd().split('\n') ?? []
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}

interface Fence {
  readonly info: readonly string[]
  readonly line: number
  readonly code: string
}

function fences(text: string): Fence[] {
  const found: Fence[] = []
  let open: { info: string[]; line: number; lines: string[] } | undefined
  text.split('\n').forEach((line, index) => {
    const mark = /^```(.*)$/.exec(line)
    if (!mark) open?.lines.push(line)
    else if (!open) open = { info: (mark[1] ?? '').split(' '), line: index + 2, lines: [] }
    else {
      found.push({ info: open.info, line: open.line, code: open.lines.join('\n') })
      open = undefined
    }
  })
  return found
}

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '')
}

function headings(text: string): string[] {
  return [...withoutFences(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
}
