import type { Node } from 'acorn'

/** Stands for a value that is not a literal. It is known only when the program runs. */
export const UNKNOWN = Symbol('unknown')

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
export function keyOf({ computed, key }: Tree): string | undefined {
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
