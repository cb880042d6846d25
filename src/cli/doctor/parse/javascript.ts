import { type Node, parse, parseExpressionAt } from 'acorn'
import type { Data, Entry } from './data.ts'
import type { SourceFile } from './source.ts'

/** The literals that a module exports. The module is not run. */
export function readModule(file: SourceFile): Data | undefined {
  const program = parseModule(file.text) as Tree & { body: readonly Statement[] }
  for (const statement of program.body) {
    const { declaration, expression } = statement
    if (statement.type === 'ExportDefaultDeclaration' && declaration) {
      return dataOfTree(resolved(declaration, program.body), file, program.body)
    }
    const { left, right } = expression ?? {}
    if (expression?.type === 'AssignmentExpression' && left && right) {
      const name = file.text.slice(left.start, left.end).replace(/\s/g, '')
      if (name === 'module.exports' || name === 'exports') {
        return dataOfTree(resolved(right, program.body), file, program.body)
      }
      if (/^(module\.)?exports\.apps$/.test(name)) return dataOfApps(right, file, program.body)
    }
  }
  return undefined
}

/** Parses JSON as an expression of JavaScript, because `JSON.parse` does not keep offsets. */
export function readJson(file: SourceFile): Data {
  const lead = /^\s*/.exec(file.text)?.[0].length ?? 0
  return dataOfTree(parseExpressionAt(file.text, lead, { ecmaVersion: 'latest' }) as Tree, file, [])
}

type Statement = Tree & {
  readonly declaration?: Tree
  readonly declarations?: readonly (Tree & { readonly id?: Tree; readonly init?: Tree })[]
  readonly expression?: Tree
}

function parseModule(text: string): Node {
  const options = { ecmaVersion: 'latest', allowHashBang: true } as const
  try {
    return parse(text, { ...options, sourceType: 'module' })
  } catch {
    return parse(text, { ...options, sourceType: 'script', allowReturnOutsideFunction: true })
  }
}

/** The value of a variable that the same file declares; any other tree as it is. */
function resolved(tree: Tree, body: readonly Statement[]): Tree {
  if (tree.type !== 'Identifier') return tree
  const found = body
    .flatMap(
      ({ declarations, declaration }) =>
        declarations ?? (declaration as Statement | undefined)?.declarations ?? [],
    )
    .find(({ id }) => id?.name === tree.name)
  return found?.init ?? tree
}

/** `exports.apps = [ … ]`, as the map that other modules export. */
function dataOfApps(tree: Tree, file: SourceFile, body: readonly Statement[]): Data {
  const apps = dataOfTree(resolved(tree, body), file, body)
  return { ...apps, entries: new Map([['apps', { start: tree.start, value: apps }]]) }
}

function dataOfTree(tree: Tree, file: SourceFile, body: readonly Statement[]): Data {
  const value = readValue(tree, file.text)
  const isScalar = ['string', 'number', 'boolean'].includes(typeof value) || value === null
  return {
    file,
    start: tree.start,
    end: tree.end,
    scalar: isScalar ? (value as Data['scalar']) : undefined,
    isUnknown: value === UNKNOWN,
    get entries() {
      return entriesOfObject(tree, file, body)
    },
    get items() {
      if (tree.type !== 'ArrayExpression') return undefined
      return (tree.elements ?? []).flatMap((one) =>
        one ? [dataOfTree(resolved(one, body), file, body)] : [],
      )
    },
    insert(key, text) {
      const [first] = tree.properties ?? []
      if (tree.type !== 'ObjectExpression') return undefined
      const name = file.path.endsWith('.json') ? JSON.stringify(key) : key
      if (!first) return { start: tree.start, end: tree.end, text: `{ ${name}: ${text} }` }
      const before = file.before(first.start)
      const gap = /^\s*$/.test(before) ? `${file.eol}${before}` : ' '
      return { start: first.start, end: first.start, text: `${name}: ${text},${gap}` }
    },
  }
}

function entriesOfObject(
  tree: Tree,
  file: SourceFile,
  body: readonly Statement[],
): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const property of tree.properties ?? []) {
    if (property.type === 'SpreadElement') {
      const spread = property.argument && resolved(property.argument, body)
      if (spread)
        for (const [key, entry] of entriesOfObject(spread, file, body)) entries.set(key, entry)
      continue
    }
    const key = keyOf(property)
    const value = property.value as Tree | undefined
    if (key === undefined || !value) continue
    entries.set(key, {
      start: property.start,
      value: dataOfTree(resolved(value, body), file, body),
    })
  }
  return entries
}

/** A value that is not a literal: only the running program knows it. */
const UNKNOWN = Symbol('unknown')

/** The part of ESTree that is read here. */
export type Tree = Node & {
  readonly value?: unknown
  readonly name?: string
  readonly operator?: string
  readonly computed?: boolean
  readonly method?: boolean
  readonly key?: Tree
  readonly callee?: Tree
  readonly object?: Tree
  readonly arguments?: readonly Tree[]
  readonly argument?: Tree
  readonly left?: Tree
  readonly right?: Tree
  readonly properties?: readonly Tree[]
  readonly elements?: readonly (Tree | null)[]
  readonly expressions?: readonly Tree[]
  readonly quasis?: readonly (Tree & { value: { cooked: string } })[]
}

/**
 * The value of a literal, or of an object or array of literals. A constant is looked up in `code`, the text
 * of the file, because the file itself may be TypeScript, which acorn does not parse.
 */
export function readValue(node: Node, code: string): unknown {
  const tree = node as Tree
  switch (tree.type) {
    case 'Literal':
      return tree.value
    case 'TemplateLiteral':
      return tree.expressions?.length === 0 ? tree.quasis?.[0]?.value.cooked : UNKNOWN
    case 'UnaryExpression': {
      const value = tree.argument && readValue(tree.argument, code)
      return tree.operator === '-' && typeof value === 'number' ? -value : UNKNOWN
    }
    case 'BinaryExpression':
      return productOf(tree, code)
    case 'ArrayExpression':
      return (tree.elements ?? []).map((one) => (one ? readValue(one, code) : undefined))
    case 'ObjectExpression':
      return Object.fromEntries(
        (tree.properties ?? []).flatMap((property) => {
          const name = keyOf(property)
          const value = property.value as Tree | undefined
          return name === undefined || !value ? [] : [[name, readValue(value, code)]]
        }),
      )
    case 'Identifier':
      return tree.name === 'undefined' ? undefined : constantIn(tree.name ?? '', code)
    default:
      return UNKNOWN
  }
}

/** The name of a property, unless it is computed. */
function keyOf({ computed, key }: Tree): string | undefined {
  if (computed || !key) return undefined
  return key.type === 'Identifier' ? key.name : String(key.value)
}

function productOf({ operator, left, right }: Tree, code: string): unknown {
  const [one, other] = [left, right].map((side) => side && readValue(side, code))
  return operator === '*' && typeof one === 'number' && typeof other === 'number'
    ? one * other
    : UNKNOWN
}

function constantIn(name: string, code: string): unknown {
  const pattern = new RegExp(`\\bconst\\s+${name.replace(/\$/g, '\\$')}\\s*(?::[^=\\n]+)?=\\s*`)
  const rest = code.slice(pattern.exec(code)?.index ?? code.length).replace(pattern, '')
  const text = /^(['"])([^'"\n]*)\1\s*(?:as const)?\s*[;\n]/.exec(rest)
  if (text) return text[2]
  const number = /^(\d[\d_]*)\s*[;\n]/.exec(rest)
  return number ? Number(number[1]?.replaceAll('_', '')) : UNKNOWN
}
