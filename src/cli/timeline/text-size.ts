import { columnsOf, printable } from '../../text/width.ts'

/**
 * About how long a text is at most, in pixels, in a font of this size. Which font it will be is not
 * known: this is what DejaVu Sans takes, which is wider than the others that systems have.
 */
export function lengthOf(text: string, size: number): number {
  let ems = 0
  for (const { segment } of new Intl.Segmenter().segment(printable(text))) ems += emsOf(segment)
  return ems * size
}

/** As much of the text as fits into so many pixels; … stands for the rest. */
export function shortenTo(text: string, size: number, length: number): string {
  const shown = printable(text)
  if (lengthOf(shown, size) <= length) return shown
  let kept = ''
  let ems = emsOf('…')
  for (const { segment } of new Intl.Segmenter().segment(shown)) {
    ems += emsOf(segment)
    if (ems * size > length) break
    kept += segment
  }
  return `${kept}…`
}

/** Lines of so many pixels at most; what doesn't fit into the last one is left out. */
export function linesOf(text: string, size: number, length: number, most: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text.replace(/\n/g, ' ')).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line === '' || lengthOf(longer, size) <= length) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  lines.push(line)
  const rest = lines.slice(most - 1).join(' ')
  return [...lines.slice(0, most - 1), ...(rest === '' ? [] : [rest])].map((one) =>
    shortenTo(one, size, length),
  )
}

function emsOf(grapheme: string): number {
  if (columnsOf(grapheme) > 1) return 1.4
  if (/^[ijl.,:;'|!]/.test(grapheme)) return 0.4
  if (/^[mwMW@%→…]/.test(grapheme)) return 1.02
  return /^[A-Z&#<>=+]/.test(grapheme) ? 0.84 : 0.66
}
