import type { Edit, SourceFile } from './source.ts'

/** A setting of a unit, with its continuation lines. */
export interface Setting {
  readonly file: SourceFile
  readonly section: string
  readonly key: string
  readonly value: string
  /** The offset of the key. */
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

const LINE = /(?:\\\r?\n(?:[ \t]*[#;][^\n]*\n)*|[^\n])*(?:\n|$)/g
const CONTINUATION = /\\\r?\n(?:[ \t]*[#;][^\n]*\n)*/g

/**
 * Reads a unit by the rules of systemd.syntax(7): its settings, and the offsets of the lines that systemd
 * does not understand.
 */
export function readUnit(file: SourceFile): { settings: Setting[]; unknownLines: number[] } {
  const settings: Setting[] = []
  const unknownLines: number[] = []
  let section = ''
  let offset = 0
  // A backslash at the end of a line joins it to the next one. Comments between them are skipped.
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
    } else if (/^\s*[^#;\s]/.test(text)) unknownLines.push(start)
  }
  return { settings, unknownLines }
}

/** The settings of the section [Service], from the unit and its drop-ins. */
export class Service {
  constructor(readonly settings: readonly Setting[]) {}

  /** The last setting with one of these keys: systemd uses that one. */
  last(...keys: readonly string[]): Setting | undefined {
    return this.settings.filter(({ key }) => keys.includes(key)).at(-1)
  }

  /** All settings with a key. An empty one clears those before. */
  all(key: string): Setting[] {
    const all = this.settings.filter((setting) => setting.key === key)
    return all.slice(all.findLastIndex(({ value }) => value === '') + 1)
  }
}

/** Changes the value of a setting, or adds the setting after another one. */
export function setSetting(
  setting: Setting | undefined,
  after: Setting,
  key: string,
  value: string,
): Edit[] {
  if (setting) return [{ start: setting.valueStart, end: setting.end, text: value }]
  return [{ start: after.end, end: after.end, text: `${after.file.eol}${key}=${value}` }]
}

/** Removes the line of a setting. */
export function removeSetting({ file, start, end }: Setting): Edit[] {
  const next = file.text.indexOf('\n', end)
  const from = start - file.before(start).length
  return [{ start: from, end: next < 0 ? file.text.length : next + 1, text: '' }]
}
