import { printable } from '../../text/printable.ts'

/** Markup that is safe in a document. */
export class Markup {
  constructor(readonly source: string) {}
}

type Part = Markup | string | number | undefined | readonly Part[]

/**
 * A template of SVG or HTML. An inserted string is escaped: it may come from a report. A number is
 * rounded to a hundredth of a pixel. The line breaks and indents of the template itself are left out.
 */
export function markup(template: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const texts = template.map((text) => text.replace(/\n\s+(?=[\w-]+=)/g, ' ').replace(/\n\s*/g, ''))
  return new Markup(texts.map((text, index) => text + sourceOf(parts[index])).join(''))
}

function sourceOf(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Markup) return part.source
  if (typeof part === 'string') return escaped(part)
  return typeof part === 'number'
    ? String(Math.round(part * 100) / 100)
    : part.map(sourceOf).join('')
}

function escaped(text: string): string {
  const shown = text.split('\n').map(printable).join('\n')
  // XML refuses U+FFFE and U+FFFF.
  return shown.replace(/[&<>"']|\ufffe|\uffff/g, (found) => ENTITIES[found] ?? '\ufffd')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
