import type { Edit, SourceFile } from './source.ts'

/** A value of a file, of whichever format, with its place there. */
export interface Data {
  readonly file: SourceFile
  readonly start: number
  readonly end: number
  /** A text, number or boolean, null for nothing; `undefined` for what is no scalar, or not known. */
  readonly scalar: string | number | boolean | null | undefined
  /** Whether it is decided only later: a variable, a template. */
  readonly isUnknown: boolean
  /** The values of a map, by their keys; empty where it is none. */
  readonly entries: ReadonlyMap<string, Entry>
  /** Those of a list; `undefined` where it is none. */
  readonly items: readonly Data[] | undefined
  /** Puts a key into a map, before the others. */
  insert(key: string, value: string): Edit | undefined
}

export interface Entry {
  /** Where the key starts. */
  readonly start: number
  readonly value: Data
}

/** What is at the end of a path of keys. */
export function at(data: Data | undefined, ...path: readonly string[]): Data | undefined {
  return path.reduce<Data | undefined>((node, key) => node?.entries.get(key)?.value, data)
}

export function textAt(data: Data | undefined, ...path: readonly string[]): string | undefined {
  const { scalar } = at(data, ...path) ?? {}
  return scalar === undefined || scalar === null ? undefined : String(scalar)
}

/** Where a key starts, or else the map that hasn't got it. */
export function placeOf(data: Data, key: string): number {
  return data.entries.get(key)?.start ?? data.start
}

/** Gives a key of a map this value, whether it is there or not. */
export function set(data: Data, key: string, value: string): Edit[] {
  const there = data.entries.get(key)?.value
  const edit = there ? { start: there.start, end: there.end, text: value } : data.insert(key, value)
  return edit ? [edit] : []
}

/** The texts of a list, or of one text; `undefined` where one of them is not known. */
export function texts(data: Data | undefined): string[] | undefined {
  if (!data) return undefined
  if (!data.items) return typeof data.scalar === 'string' ? [data.scalar] : undefined
  const all = data.items.map(({ scalar }) => scalar)
  return all.some((one) => one === undefined) ? undefined : all.map(String)
}

/** A list as it may be written anywhere. */
export function flow(argv: readonly string[]): string {
  return `[${argv.map((word) => JSON.stringify(word)).join(', ')}]`
}

/** Puts a command into a list's place; where one of its words alone has got something more, just there. */
export function setCommand(
  data: Data,
  key: string,
  argv: readonly string[],
  written: (word: string) => string = (word) => word,
): Edit[] {
  const items = data.entries.get(key)?.value.items ?? []
  const changed = items.filter(({ scalar }, index) => scalar !== written(argv[index] ?? ''))
  const [item] = changed
  if (item && changed.length === 1 && items.length === argv.length) {
    const edit = insertedInto(item, written(argv[items.indexOf(item)] ?? ''))
    if (edit) return [edit]
  }
  return set(data, key, flow(argv.map(written)))
}

/** What a text has got more, put where the same words stand in the file, however they are quoted there. */
function insertedInto({ file, start, end, scalar }: Data, text: string): Edit | undefined {
  const before = String(scalar)
  let same = 0
  while (same < before.length && before[same] === text[same]) same++
  const more = text.length - before.length
  if (more <= 0 || text.slice(same + more) !== before.slice(same)) return undefined
  const follows = /^[^"'\\\n]{4,40}/.exec(before.slice(same))?.[0]
  const raw = file.text.slice(start, end)
  const at = follows === undefined ? -1 : raw.indexOf(follows)
  if (follows === undefined || at < 0 || raw.includes(follows, at + 1)) return undefined
  return { start: start + at, end: start + at, text: text.slice(same, same + more) }
}
