import { printable } from '../../text/printable.ts'

/** Markup that is safe in a document. A string is text: it is escaped when it is put in. */
export class Markup {
  constructor(readonly source: string) {}
}

export type MarkupChild = Markup | string | undefined

/** An element of SVG or HTML. Texts and attributes are escaped: they may come from a report. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...children: readonly MarkupChild[]
): Markup {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escaped(numberOf(value))}"`],
  )
  return new Markup(`<${name}${given.join('')}>${join(children).source}</${name}>`)
}

/** An element of HTML without an end tag. */
export function single(name: string, attributes: Readonly<Record<string, string>>): Markup {
  return new Markup(element(name, attributes).source.replace(/<\/\w+>$/, ''))
}

export function join(children: readonly MarkupChild[], between = ''): Markup {
  const sources = children.flatMap((child) => {
    if (child === undefined) return []
    return [child instanceof Markup ? child.source : escaped(child)]
  })
  return new Markup(sources.join(between))
}

/** Rounded to a hundredth of a pixel. */
function numberOf(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(value * 100) / 100) : value
}

function escaped(text: string): string {
  const shown = text.split('\n').map(printable).join('\n')
  // XML refuses the last two: they are not characters.
  return shown.replace(/[&<>"']|\ufffe|\uffff/g, (found) => ENTITIES[found] ?? '\ufffd')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
