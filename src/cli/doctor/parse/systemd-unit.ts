import type { Edit, SourceFile } from './source.ts'

/** One line of a unit, with its continuations. */
export interface Setting {
  readonly file: SourceFile
  readonly section: string
  readonly key: string
  readonly value: string
  /** Where the key starts. */
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

const LINE = /(?:\\\r?\n(?:[ \t]*[#;][^\n]*\n)*|[^\n])*(?:\n|$)/g
const CONTINUATION = /\\\r?\n(?:[ \t]*[#;][^\n]*\n)*/g

/** Reads a unit as systemd.syntax(7) has it: the lines that are settings, and those that are nothing. */
export function readUnit(file: SourceFile): { settings: Setting[]; odd: number[] } {
  const settings: Setting[] = []
  const odd: number[] = []
  let section = ''
  let offset = 0
  // A backslash at the end of a line joins it to the next; comments between them are none of it.
  for (const [line] of file.text.matchAll(LINE)) {
    const start = offset
    offset += line.length
    const text = line.replace(/\r?\n$/, '')
    const heading = /^\s*\[([^\]]+)\]\s*$/.exec(text)
    const setting = /^(\s*)([A-Za-z][A-Za-z0-9-]*)(\s*=\s*)([\s\S]*)$/.exec(text)
    if (heading) section = heading[1] ?? ''
    else if (setting) {
      const [, indent = '', key = '', equals = '', value = ''] = setting
      const from = start + indent.length
      const valueStart = from + key.length + equals.length
      const end = valueStart + value.trimEnd().length
      const joined = value.replace(CONTINUATION, ' ').trim()
      settings.push({ file, section, key, value: joined, start: from, valueStart, end })
    } else if (/^\s*[^#;\s]/.test(text)) odd.push(start)
  }
  return { settings, odd }
}

/** The settings of a service that count: in lists all since the last empty one, else the last. */
export class Service {
  constructor(readonly settings: readonly Setting[]) {}

  last(...keys: readonly string[]): Setting | undefined {
    return this.settings.filter(({ key }) => keys.includes(key)).at(-1)
  }

  all(key: string): Setting[] {
    const all = this.settings.filter((setting) => setting.key === key)
    return all.slice(all.findLastIndex(({ value }) => value === '') + 1)
  }
}

/** Gives a setting another value, or adds it after another one. */
export function change(
  setting: Setting | undefined,
  after: Setting,
  key: string,
  value: string,
): Edit[] {
  if (setting) return [{ start: setting.valueStart, end: setting.end, text: value }]
  return [{ start: after.end, end: after.end, text: `${after.file.eol}${key}=${value}` }]
}

/** Takes a setting's line away. */
export function remove({ file, start, end }: Setting): Edit[] {
  const next = file.text.indexOf('\n', end)
  return [
    {
      start: start - file.before(start).length,
      end: next < 0 ? file.text.length : next + 1,
      text: '',
    },
  ]
}
