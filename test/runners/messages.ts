import { stripVTControlCharacters } from 'node:util'
import { EXPECTED } from './expected.ts'

const COLUMNS = 80

/** What no output of a runner may contain: diffs of nothing, and the inside of the package. */
const FORBIDDEN = [/undefined/, /no visual difference/, /^ *simple$/m, /lastcall.dist/]

/** `1 TCPServerWrap, 2 Timeout` */
const RESOURCES = /\b\d+ [A-Z]\w+(?:, \d+ [A-Z]\w+)*/g

/** A wrong expectation, as the test kit fails. */
export interface Message {
  readonly name: string
  readonly message: string
}

export interface Wrong extends Message {
  /** The line of the expectation in the file of the runner. */
  readonly line: number
}

/** What is wrong with the failures that a runner prints. */
export function problemsIn(output: string, all: readonly Wrong[]): string[] {
  const text = stripVTControlCharacters(output)
  const lines = text.split('\n')
  const problems = all.flatMap(({ name, message, line }) => {
    const places = placesBehind(text, message)
    if (places.length === 0) return [`'${name}': the message is not shown, or not in one piece`]
    const isThere = places.some((place) => new RegExp(`wrong\\.test\\.[cm]js:${line}$`).test(place))
    const points = `'${name}': points to ${places.join(', ')}, not to line ${line} of the test`
    return [
      ...(isThere ? [] : [points]),
      ...pictureOf(message)
        .filter((row) => !lines.some((one) => one.includes(row) && one.length <= COLUMNS))
        .map((row) => `'${name}': this line is not shown within ${COLUMNS} columns: ${row}`),
    ]
  })
  return [
    ...problems,
    ...FORBIDDEN.filter((what) => what.test(text)).map((what) => `the output contains ${what}`),
  ]
}

/** The first place in a file of a project behind each occurrence of a message. */
function placesBehind(text: string, message: string): string[] {
  const words = withoutCounts(message).trim().split(/\s+/)
  const pattern = words.map((word) => word.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('\\s+')
  return [...withoutCounts(text).matchAll(new RegExp(pattern, 'g'))].map((match) => {
    const rest = withoutCounts(text).slice(match.index + match[0].length)
    const places = rest.match(/[\w./@-]+\.[cm]?js:\d+/g) ?? []
    return places.find((place) => !place.includes('node_modules')) ?? 'no place'
  })
}

/** What is wrong with the messages themselves. */
export function problemsOf(all: readonly Message[]): string[] {
  return Object.entries(EXPECTED).flatMap(([name, expected]) => {
    const message = all.find((one) => one.name === name)?.message ?? ''
    if (squash(message).startsWith(squash(expected))) return []
    return [`'${name}' should say\n  ${expected}\nand says\n  ${message}`]
  })
}

/** In one line. */
function squash(text: string): string {
  return withoutCounts(text).replaceAll(/\s+/g, ' ')
}

/** Without what keeps the event loop alive: a runner may do something meanwhile. */
function withoutCounts(text: string): string {
  return text.replaceAll(RESOURCES, '')
}

/** The lines behind the sentences: the shutdown or the plan. */
function pictureOf(message: string): string[] {
  const [, ...paragraphs] = message.trimEnd().split('\n\n')
  const rows = paragraphs.at(-1)?.split('\n') ?? []
  return rows.map((row) => row.trimEnd()).filter((row) => !/TCPServerWrap/.test(row))
}
