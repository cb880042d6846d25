import { readFileSync } from 'node:fs'
import type { Report } from '../../engine/report.ts'
import { printable } from '../../text/printable.ts'
import { type Failure, usageError } from '../failure.ts'
import { terminal } from '../terminal.ts'
import { problemOf } from './report-shape.ts'

/** The version of reports that this lastcall reads. */
const VERSION_READ = 1

/** Reads a report from a file, or from stdin for `-`. An error says in one line what is wrong with it. */
export async function readReport(source: string): Promise<Report> {
  const name = source === '-' ? 'stdin' : source
  const fail = (what: string): Failure => usageError(printable(`${name} ${what}`))
  const bytes = source === '-' ? await terminal.input() : readBytes(source, fail)
  if (bytes.length > LARGEST) {
    const size = Math.round(bytes.length / MB)
    throw fail(`is ${size} MB: no report is longer than ${LARGEST / MB} MB`)
  }
  try {
    return reportFrom(parse(textIn(bytes, fail), fail), fail)
  } catch (error) {
    // The engine's parser and the checks call themselves for each level, until the stack is full.
    if (error instanceof RangeError)
      throw fail('is not a report of lastcall: it is nested too deeply')
    throw error
  }
}

function reportFrom(value: unknown, fail: Fail): Report {
  const { version } = Object(value)
  if (typeof version === 'number' && version !== VERSION_READ && 'phases' in Object(value)) {
    throw fail(
      `is a report of version ${version}, and this lastcall reads version ${VERSION_READ}: use the lastcall that has written it, or a later one`,
    )
  }
  const problem = problemOf(value)
  if (problem !== undefined) throw fail(`is not a report of lastcall: ${problem}`)
  return value as Report
}

const MB = 2 ** 20
const LARGEST = 64 * MB

type Fail = (what: string) => Failure

function readBytes(path: string, fail: Fail): Buffer {
  if (path === '') throw usageError('timeline needs a file with a report, or - for stdin')
  try {
    return readFileSync(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw fail(`can't be read: there is no such file; ${HOW_TO_WRITE}`)
    if (code === 'EISDIR') throw fail("can't be read: it is a folder")
    if (code === 'EACCES') throw fail("can't be read: permission denied")
    throw fail(`can't be read: ${message}`)
  }
}

const HOW_TO_WRITE =
  "a program writes it by shutdown.on('end', ({ report }) => fs.writeFileSync('report.json', JSON.stringify(report)))"

const HOW_TO_LOG =
  "a program logs it by shutdown.on('end', ({ report }) => console.log(JSON.stringify({ report })))"

function textIn(bytes: Buffer, fail: Fail): string {
  try {
    // TextDecoder removes a byte order mark.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (text.trim() === '') throw fail(`is empty; ${HOW_TO_WRITE}`)
    if (!text.includes('\0')) return text
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  throw fail('is no text in UTF-8: a report is JSON')
}

/** The report in a text. In a log of JSON lines, the last report: a line or its field `report`. */
function parse(text: string, fail: Fail): unknown {
  try {
    const value = JSON.parse(text)
    return reportIn(value) ?? value
  } catch (error) {
    if (error instanceof RangeError) throw error
    const lines = text.trimEnd().split('\n')
    const values = lines.map(tryParse)
    const found = values.map(reportIn).findLast((one) => one !== undefined)
    if (found !== undefined) return found
    // One line of JSON may be part of a truncated report, such as its `}`. Two are a log.
    if (values.filter((value) => typeof value === 'object' && value !== null).length > 1) {
      throw fail(`is a log in which no line holds a report; ${HOW_TO_LOG}`)
    }
    throw fail(syntaxProblem(error as SyntaxError, text))
  }
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function reportIn(value: unknown): unknown {
  const { version, phases, report } = Object(value)
  if (version !== undefined && phases !== undefined) return value
  return report === undefined ? undefined : reportIn(report)
}

/** Where the JSON is wrong, or that it is truncated. */
function syntaxProblem({ message }: SyntaxError, text: string): string {
  const end = text.trimEnd().length
  const place = /\bposition (\d+)/.exec(message)?.[1]
  const at = place === undefined ? undefined : Number(place)
  const isCutOff = at === undefined ? /end of (JSON )?input|EOF/i.test(message) : at >= end
  const where = (position: number) => {
    const before = text.slice(0, position).split('\n')
    return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`
  }
  if (isCutOff) return `is cut off: its JSON ends in the middle, at ${where(end)}`
  if (at === undefined) return `is no JSON: ${message}`
  const excerpt = text.slice(at, at + 20).replace(/\s+/g, ' ')
  return `is no JSON at ${where(at)}: '${excerpt.trim()}' was not expected`
}
