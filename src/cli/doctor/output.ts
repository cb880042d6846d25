import { formatDuration } from '../../base/duration.ts'
import type { Examination } from './examine.ts'
import type { Finding } from './finding.ts'

/** What a person reads. */
export function textOf(examination: Examination, { colour }: { readonly colour: boolean }): string {
  const paint = colour ? painted : (text: string) => text
  const { findings, unread, notes } = examination
  const parts = [
    ...findings.map((finding) => findingText(finding, paint)),
    ...unread.map(({ file, line, why }) => {
      const place = line === null ? file : `${file}:${line}`
      return `${paint(place, 1)}  ${paint('not read', 31)}\n  ${why}.\n`
    }),
    ...(notes.length > 0 ? [noteText(notes)] : []),
    summary(examination),
  ]
  return parts.join('\n')
}

/** The same note of several files is told once. */
function noteText(notes: Examination['notes']): string {
  const files = new Map<string, Set<string>>()
  for (const { file, text } of notes) files.set(text, (files.get(text) ?? new Set()).add(file))
  return [...files]
    .map(([text, names]) => {
      const [first = '', second = ''] = names
      const several = `${first}, ${second}${names.size > 2 ? ` and ${names.size - 2} more` : ''}`
      return `${names.size === 1 ? first : several}: ${text}\n`
    })
    .join('')
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
  const lines = diff
    .replace(/\n$/, '')
    .split('\n')
    .map((one) => diffLine(one, paint))
  return [
    `${paint(`${file}:${line}`, 1)}  ${level}  ${rule}`,
    ...wrap(says),
    ...wrap(`Fix: ${fix}`),
    '',
    ...lines,
    '',
  ].join('\n')
}

function diffLine(line: string, paint: Painter): string {
  if (line.startsWith('+')) return paint(line, 32)
  if (line.startsWith('-')) return paint(line, 31)
  return line.startsWith('@@') ? paint(line, 36) : line
}

function wrap(text: string, width = 98): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`  ${word}`)
  }
  return lines
}

function summary({ directory, looked, findings, unread, shutdowns, ignored }: Examination): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const kinds = new Map<string, number>()
  for (const { kind } of looked) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  const list = [...kinds]
    .map(([kind, count]) => (count === 1 ? kind : `${count} × ${kind}`))
    .join(', ')
  const what =
    looked.length === 0
      ? `Nothing to look at in ${directory}: no Dockerfile, Compose file, Kubernetes manifest, systemd unit, PM2 ecosystem file or package.json.`
      : `Looked at ${counted(looked.length, 'file')} in ${directory}: ${list}.`
  const calls = shutdowns.map(({ file, line, grace }) => {
    const said =
      grace === undefined
        ? 'no grace, so what the platform is known to grant'
        : grace === 'unknown'
          ? 'a grace that is no literal: not known, give it with --grace'
          : `a grace of ${formatDuration(grace)}`
    return `createShutdown() in ${file}:${line} has ${said}.`
  })
  const counts = [
    counted(errors, 'error'),
    counted(findings.length - errors, 'warning'),
    ...(unread.length > 0 ? [`${counted(unread.length, 'file')} not read`] : []),
    ...(ignored > 0 ? [`${ignored} ignored`] : []),
  ]
  const more = calls.length > 5 ? [`And ${calls.length - 5} more.`] : []
  return [what, ...calls.slice(0, 5), ...more, `${counts.join(', ')}.`].join('\n')
}

function counted(count: number, thing: string): string {
  return `${count === 0 ? 'no' : count} ${thing}${count === 1 ? '' : 's'}`
}
