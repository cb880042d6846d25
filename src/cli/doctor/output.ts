import { formatDuration } from '../../base/duration.ts'
import { plural } from '../../base/summarize.ts'
import { escapeLine, printable } from '../../text/printable.ts'
import { wrap } from '../../text/width.ts'
import type { Examination } from './examine.ts'
import type { Finding } from './examine-context.ts'
import { KINDS } from './kinds/index.ts'

/** The width of the text, in columns. */
const WIDTH = 98

export interface OutputOptions {
  readonly colour: boolean
  /** Whether the text goes to a terminal. Elsewhere, as for patch(1), the lines of diffs stay as they are. */
  readonly isTerminal: boolean
}

/** An examination as text, in which files and their names cannot control a terminal. */
export function formatExamination(
  found: Examination,
  { colour, isTerminal }: OutputOptions,
): string {
  const paint = colour ? painted : (text: string) => text
  const examination = withoutControls(found, isTerminal)
  const { findings, unread, notes } = examination
  const parts = [
    ...findings.map((finding) => findingText(finding, paint)),
    ...unread.map(({ file, line, why }) => {
      const place = line === null ? file : `${file}:${line}`
      return `${paint(place, 1)}  ${paint('not read', 31)}\n  ${why}.\n`
    }),
    ...(notes.length > 0 ? [noteText(notes)] : []),
    summaryText(examination),
  ]
  return parts.join('\n')
}

function withoutControls(examination: Examination, isTerminal: boolean): Examination {
  const { directory, shutdowns, findings, unread, notes } = examination
  const showName = <T extends { readonly file: string }>(one: T) => ({
    ...one,
    file: escapeLine(one.file),
  })
  return {
    ...examination,
    directory: escapeLine(directory),
    shutdowns: shutdowns.map(showName),
    findings: findings.map(showName).map((finding) => ({
      ...finding,
      says: printable(finding.says),
      fix: printable(finding.fix),
      diff: isTerminal ? finding.diff.split('\n').map(shownLine).join('\n') : finding.diff,
    })),
    unread: unread.map(showName).map((one) => ({ ...one, why: printable(one.why) })),
    notes: notes.map(showName).map((one) => ({ ...one, text: printable(one.text) })),
  }
}

/** A line of a file, with tabs but without other control characters. */
function shownLine(line: string): string {
  return line.replace(/\r$/, '').split('\t').map(escapeLine).join('\t')
}

/** Notes with the same text are one line, with the names of their files. */
function noteText(notes: Examination['notes']): string {
  const files = new Map<string, Set<string>>()
  for (const { file, text } of notes) files.set(text, (files.get(text) ?? new Set()).add(file))
  const lines = [...files].map(([text, names]) => {
    const more = names.size > 2 ? ` and ${names.size - 2} more` : ''
    return `${[...names].slice(0, 2).join(', ')}${more}: ${text}\n`
  })
  return lines.join('')
}

type Painter = (text: string, ...codes: number[]) => string

function painted(text: string, ...codes: number[]): string {
  return `\u001b[${codes.join(';')}m${text}\u001b[0m`
}

function findingText(
  { file, line, rule, severity, says, fix, diff }: Finding,
  paint: Painter,
): string {
  const level = paint(severity, severity === 'error' ? 31 : 33)
  const lines = diff.replace(/\n$/, '').split('\n')
  return [
    `${paint(`${file}:${line}`, 1)}  ${level}  ${rule}`,
    ...wrap(`  ${says}`, WIDTH, '  '),
    ...wrap(`  Fix: ${fix}`, WIDTH, '  '),
    '',
    ...lines.map((one) => diffLine(one, paint)),
    '',
  ].join('\n')
}

function diffLine(line: string, paint: Painter): string {
  if (line.startsWith('+')) return paint(line, 32)
  if (line.startsWith('-')) return paint(line, 31)
  return line.startsWith('@@') ? paint(line, 36) : line
}

function summaryText(examination: Examination): string {
  const { directory, looked, findings, unread, shutdowns, ignored } = examination
  const errorCount = findings.filter(({ severity }) => severity === 'error').length
  const counts = [
    countOrNo(errorCount, 'error'),
    countOrNo(findings.length - errorCount, 'warning'),
    ...(unread.length > 0 ? [`${plural(unread.length, 'file')} not read`] : []),
    ...(ignored > 0 ? [`${ignored} ignored`] : []),
  ]
  const calls = shutdowns.slice(0, 5).map(shutdownText)
  const more = shutdowns.length > 5 ? [`And ${shutdowns.length - 5} more.`] : []
  return [lookedText(directory, looked), ...calls, ...more, `${counts.join(', ')}.`].join('\n')
}

function lookedText(directory: string, looked: Examination['looked']): string {
  if (looked.length === 0) {
    const nouns = KINDS.map(({ noun }) => noun)
    return `Nothing to look at in ${directory}: no ${nouns.slice(0, -1).join(', ')} or ${nouns.at(-1)}.`
  }
  const counts = KINDS.flatMap(({ name }) => {
    const files = looked.filter(({ kind }) => kind === name).length
    return files === 0 ? [] : files === 1 ? [name] : [`${files} × ${name}`]
  })
  return `Looked at ${plural(looked.length, 'file')} in ${directory}: ${counts.join(', ')}.`
}

function shutdownText({ file, line, grace }: Examination['shutdowns'][number]): string {
  const place = `createShutdown() in ${file}:${line} has`
  if (grace === undefined) return `${place} no grace, so it uses what it knows of the platform.`
  return grace === 'unknown'
    ? `${place} a grace that is not a literal: pass it with --grace.`
    : `${place} a grace of ${formatDuration(grace)}.`
}

function countOrNo(number: number, what: string): string {
  return number === 0 ? `no ${what}s` : plural(number, what)
}
