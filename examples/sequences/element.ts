import { type Markup, markup } from '../../src/cli/timeline/markup.ts'

export type MarkupChild = Markup | string | undefined

/** An element of SVG. Texts and attributes are escaped. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...children: readonly MarkupChild[]
): Markup {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [markup` ${key}="${value}"`],
  )
  return markup`<${name}${given}>${children}</${name}>`
}

export function join(children: readonly MarkupChild[]): Markup {
  return markup`${children}`
}
