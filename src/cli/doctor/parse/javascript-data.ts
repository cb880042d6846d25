import { type Node, parse, parseExpressionAt } from 'acorn'
import type { Data, Entry } from './data.ts'
import { keyOf, readValue, type Tree, UNKNOWN } from './javascript-literals.ts'
import type { SourceFile } from './source.ts'

/** What a module exports, as far as it is literals. The module is not run. */
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
