import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  Scalar,
  type YAMLMap,
} from 'yaml'
import type { Data, Entry } from './data.ts'
import type { SourceFile } from './source.ts'

/** A character from the private use area. It replaces each character of a template action. */
const PLACEHOLDER = '\uE000'

/** Reads every document of a file. In a template, the values of its actions, `{{ }}`, are unknown. */
export function readYaml(file: SourceFile) {
  const isTemplate = file.text.includes('{{')
  const whole = parseDocuments(isTemplate ? withPlaceholders(file.text) : file.text, isTemplate)
  // A template with both branches of its conditions may not be YAML. Then only the first branch is read.
  const isConditional = isTemplate && whole.errors.length > 0
  const { all, errors } = isConditional
    ? parseDocuments(withPlaceholders(withoutElse(file.text)), isTemplate)
    : whole
  const documents = all.flatMap((document) =>
    document.contents ? [dataOfNode(document.contents as Node, document, file)] : [],
  )
  return { documents, isTemplate, errors }
}

function parseDocuments(text: string, isTemplate: boolean) {
  const documents = parseAllDocuments(text, {
    uniqueKeys: !isTemplate,
    logLevel: 'silent',
    version: '1.1',
  })
  const all: readonly Document[] = 'empty' in documents ? [] : documents
  const errors = all.flatMap(({ errors }) =>
    errors.map(({ pos, message }) => ({ offset: pos[0], message: message.split('\n')[0] ?? '' })),
  )
  return { all, errors }
}

/** The text with blanks in place of each `else` branch, so that offsets stay the same. */
function withoutElse(text: string): string {
  const open: { elseAt: number | undefined }[] = []
  let result = text
  for (const action of text.matchAll(
    /\{\{-?\s*(if|with|range|define|block|else|end)\b[\s\S]*?\}\}/g,
  )) {
    const [, keyword] = action
    if (keyword === 'else') {
      const current = open.at(-1)
      if (current) current.elseAt ??= action.index
    } else if (keyword === 'end') {
      const { elseAt } = open.pop() ?? {}
      if (elseAt === undefined) continue
      const branch = text.slice(elseAt, action.index)
      const end = elseAt + branch.length
      result = result.slice(0, elseAt) + branch.replace(/[^\n]/g, ' ') + result.slice(end)
    } else open.push({ elseAt: undefined })
  }
  return result
}

/** Turns template actions into blanks if they fill their line, else into a value as long. */
function withPlaceholders(text: string): string {
  const whole = text.replace(/^[ \t]*(?:\{\{[\s\S]*?\}\}[ \t]*)+$/gm, (part) =>
    part.replace(/[^\n]/g, ' '),
  )
  return whole.replace(/\{\{[\s\S]*?\}\}/g, (part) => part.replace(/[^\n]/g, PLACEHOLDER))
}

/** @param offset the place for a node that the text lacks */
function dataOfNode(node: Node, document: Document, file: SourceFile, offset = 0): Data {
  const target = isAlias(node) ? (node.resolve(document) ?? node) : node
  const [start, last] = target.range ?? [offset, offset]
  // The range of a block ends after its line break, which belongs to the next entry.
  const end = start + file.text.slice(start, last).trimEnd().length
  const scalar = isScalar(target) ? scalarOf(target.value) : undefined
  const isUnknown = isAlias(target) || (typeof scalar === 'string' && scalar.includes(PLACEHOLDER))
  return {
    file,
    start,
    end,
    scalar: isUnknown ? undefined : scalar,
    isUnknown,
    get entries() {
      return isMap(target) ? entriesOfMap(target, document, file) : new Map<string, Entry>()
    },
    get items() {
      return isSeq(target)
        ? target.items.map((item) => dataOfNode(item as Node, document, file))
        : undefined
    },
    insert: (key, value) => (isMap(target) ? insertInto(target, key, value, file) : undefined),
  }
}

function scalarOf(value: unknown): Data['scalar'] {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
  return value === undefined ? null : String(value)
}

/** The entries of a map with those merged in by `<<: *base`. The map's own entries win. */
function entriesOfMap(map: YAMLMap, document: Document, file: SourceFile): Map<string, Entry> {
  const own = new Map<string, Entry>()
  const merged = new Map<string, Entry>()
  for (const pair of map.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue
    const value = pair.value as Node | null
    const start = pair.key.range?.[0] ?? 0
    const key = isMergeKey(pair.key) ? '<<' : String(pair.key.value)
    if (key !== '<<')
      own.set(key, { start, value: dataOfNode(value ?? new Scalar(null), document, file, start) })
    else if (value) {
      const sources = isSeq(value) ? (value.items as Node[]) : [value]
      for (const source of sources) {
        const target = isAlias(source) ? source.resolve(document) : source
        if (!isMap(target) || target === map) continue
        for (const [name, entry] of entriesOfMap(target, document, file)) {
          if (!merged.has(name)) merged.set(name, entry)
        }
      }
    }
  }
  return new Map([...merged, ...own])
}

function isMergeKey(key: { value: unknown; source?: string }): boolean {
  return key.source === '<<' || key.value === '<<' || typeof key.value === 'symbol'
}

function insertInto(map: YAMLMap, key: string, value: string, file: SourceFile) {
  const [first] = map.items
  const start = isPair(first) ? (first.key as Node | undefined)?.range?.[0] : undefined
  if (start === undefined) {
    const [open = 0, close = 0] = map.range ?? []
    return { start: open, end: close, text: `{ ${key}: ${value} }` }
  }
  if (map.flow) return { start, end: start, text: `${key}: ${value}, ` }
  const indent = file.before(start).replace(/\S/g, ' ')
  return { start, end: start, text: `${key}: ${value}${file.eol}${indent}` }
}
