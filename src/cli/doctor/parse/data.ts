import type { Edit, SourceFile } from './source.ts'

/** A value in a file of YAML, JSON or JavaScript, with its place there. */
export interface Data {
  readonly file: SourceFile
  readonly start: number
  readonly end: number
  /** Null for no value; `undefined` if it is not a scalar, or not known. */
  readonly scalar: string | number | boolean | null | undefined
  /** Whether the file leaves it open: a variable, a template. */
  readonly isUnknown: boolean
  /** The entries of a map. Empty if it is not a map. */
  readonly entries: ReadonlyMap<string, Entry>
  /** The items of a list; `undefined` if it is not a list. */
  readonly items: readonly Data[] | undefined
  /** Adds a key to a map, before the others; `undefined` if it is not a map. */
  insert(key: string, value: string): Edit | undefined
}

export interface Entry {
  /** The offset of the key. */
  readonly start: number
  readonly value: Data
}

/** The value at a path of keys. */
export function at(data: Data | undefined, ...path: readonly string[]): Data | undefined {
  return path.reduce<Data | undefined>((node, key) => node?.entries.get(key)?.value, data)
}

/** The scalar at a path of keys, as text. */
export function textAt(data: Data | undefined, ...path: readonly string[]): string | undefined {
  const { scalar } = at(data, ...path) ?? {}
  return scalar === undefined || scalar === null ? undefined : String(scalar)
}

/** The offset of a key, or of its map if the map does not have it. */
export function offsetOfKey(data: Data, key: string): number {
  return data.entries.get(key)?.start ?? data.start
}

/** Sets a key of a map. Adds it if it is missing. */
export function setKey(data: Data, key: string, value: string): Edit[] {
  const current = data.entries.get(key)?.value
  const edit = current
    ? { start: current.start, end: current.end, text: value }
    : data.insert(key, value)
  return edit ? [edit] : []
}

/** A text, or a list of texts, as a list; `undefined` if one of them is not known. */
export function textList(data: Data | undefined): string[] | undefined {
  if (!data) return undefined
  if (!data.items) return typeof data.scalar === 'string' ? [data.scalar] : undefined
  const all = data.items.map(({ scalar }) => scalar)
  return all.some((one) => one === undefined) ? undefined : all.map(String)
}

/** A list in JSON, which is also valid in YAML, JavaScript and a Dockerfile. */
export function jsonList(argv: readonly string[]): string {
  return `[${argv.map((word) => JSON.stringify(word)).join(', ')}]`
}

/**
 * Sets a key to a command. If only one word of the file changes, by an addition, the edit inserts just
 * that.
 *
 * @param escapeWord writes a word as the file needs it, such as `$$` for `$` in Compose
 */
export function setCommand(
  data: Data,
  key: string,
  argv: readonly string[],
  escapeWord: (word: string) => string = (word) => word,
): Edit[] {
  const items = data.entries.get(key)?.value.items ?? []
  const changed = items.filter(({ scalar }, index) => scalar !== escapeWord(argv[index] ?? ''))
  const [item] = changed
  if (item && changed.length === 1 && items.length === argv.length) {
    const edit = insertion(item, escapeWord(argv[items.indexOf(item)] ?? ''))
    if (edit) return [edit]
  }
  return setKey(data, key, jsonList(argv.map(escapeWord)))
}

/** Inserts the part that `text` adds to the scalar, if its place in the file is certain despite quotes. */
function insertion({ file, start, end, scalar }: Data, text: string): Edit | undefined {
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
