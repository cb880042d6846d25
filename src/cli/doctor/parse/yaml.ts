import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml'
import type { Data, Entry } from './data.ts'
import type { SourceFile } from './source.ts'

/** Stands for what a template puts there: a character of nobody's, as often as that is long. */
const HOLE = '\uE000'

export interface YamlFile {
  readonly documents: readonly Data[]
  /** Whether what stands in `{{ }}` decides a part of it. */
  readonly isTemplate: boolean
  readonly errors: readonly { readonly offset: number; readonly message: string }[]
}

/** Reads every document of a file. Of a template it reads what is there whatever the values are. */
export function readYaml(file: SourceFile): YamlFile {
  const isTemplate = file.text.includes('{{')
  const whole = parsed(isTemplate ? withHoles(file.text) : file.text, isTemplate)
  // Both ways of a template's choice together may be no YAML: then it is read by the first.
  const isChoice = isTemplate && whole.errors.length > 0
  const { all, errors } = isChoice ? parsed(withHoles(withoutElse(file.text)), isTemplate) : whole
  const read = all.flatMap((document) => {
    const { contents } = document
    return contents ? [dataOf(contents as Node, document, file)] : []
  })
  return { documents: read, isTemplate, errors }
}

function parsed(text: string, isTemplate: boolean) {
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

/** The same text with blanks for what a template puts there where its first condition doesn't hold. */
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

/** Lines that are all template are blanks; within a line a value of the same length stands for it. */
function withHoles(text: string): string {
  const whole = text.replace(/^[ \t]*(?:\{\{[\s\S]*?\}\}[ \t]*)+$/gm, (part) =>
    part.replace(/[^\n]/g, ' '),
  )
  return whole.replace(/\{\{[\s\S]*?\}\}/g, (part) => part.replace(/[^\n]/g, HOLE))
}

function dataOf(node: Node, document: Document, file: SourceFile): Data {
  const target = isAlias(node) ? (node.resolve(document) ?? node) : node
  const [start, last] = target.range ?? [0, 0]
  // A block ends with its line, which belongs to what comes next.
  const end = start + file.text.slice(start, last).trimEnd().length
  const scalar = isScalar(target) ? scalarOf(target.value) : undefined
  const isUnknown = isAlias(target) || (typeof scalar === 'string' && scalar.includes(HOLE))
  return {
    file,
    start,
    end,
    scalar: isUnknown ? undefined : scalar,
    isUnknown,
    get entries() {
      return isMap(target) ? entriesOf(target, document, file) : new Map<string, Entry>()
    },
    get items() {
      return isSeq(target)
        ? target.items.map((item) => dataOf(item as Node, document, file))
        : undefined
    },
    insert: (key, value) => (isMap(target) ? insertInto(target, key, value, file) : undefined),
  }
}

function scalarOf(value: unknown): Data['scalar'] {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
  return value === undefined ? null : String(value)
}

/** Also those that are merged in, `<<: *base`; what stands beside the merge wins. */
function entriesOf(map: YAMLMap, document: Document, file: SourceFile): Map<string, Entry> {
  const own = new Map<string, Entry>()
  const merged = new Map<string, Entry>()
  for (const pair of map.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue
    const value = pair.value as Node | null
    const start = pair.key.range?.[0] ?? 0
    const key = isMergeKey(pair.key) ? '<<' : String(pair.key.value)
    if (key !== '<<')
      own.set(key, { start, value: value ? dataOf(value, document, file) : nothing(start, file) })
    else if (value) {
      const sources = isSeq(value) ? (value.items as Node[]) : [value]
      for (const source of sources) {
        const target = isAlias(source) ? source.resolve(document) : source
        if (!isMap(target) || target === map) continue
        for (const [name, entry] of entriesOf(target, document, file)) {
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

function nothing(offset: number, file: SourceFile): Data {
  return {
    file,
    start: offset,
    end: offset,
    scalar: null,
    isUnknown: false,
    entries: new Map(),
    items: undefined,
    insert: () => undefined,
  }
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
