import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where the repository begins. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A fenced block of code, and where it stands. */
export interface Block {
  readonly file: string
  /** The line of its first line of code. */
  readonly line: number
  readonly code: string
  /** Whether it is a whole program; a fragment is marked `no-run`. */
  readonly isProgram: boolean
}

export interface Document {
  /** Its path from the root. */
  readonly file: string
  readonly text: string
}

export function readDocument(file: string): Document {
  return { file, text: readFileSync(`${ROOT}${file}`, 'utf8') }
}

/** The blocks of TypeScript in a document, but for those that are files of an example. */
export function blocksOf({ file, text }: Document): Block[] {
  return fences(text)
    .filter(({ info }) => info[0] === 'ts' && !info.some((word) => word.startsWith('file=')))
    .map(({ info, line, code }) => ({ file, line, code, isProgram: !info.includes('no-run') }))
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
export function relativeLinks({ text }: Document): string[] {
  const links = withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)
  return [...links].map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target))
}

/** What a link can point to in a document, as its headings are known by. */
export function anchorsOf({ text }: Document): string[] {
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
