import { printable } from '../../text/printable.ts'
import { columnsOfGrapheme, shorten, widthOf, wrap } from '../../text/width.ts'

/**
 * An upper estimate of a text's length in pixels, at this font size. The reader's font is unknown: this
 * is the length in DejaVu Sans, the widest of the usual system fonts.
 */
export function lengthOf(text: string, size: number): number {
  return widthOf(printable(text), emsOf) * size
}

/** As much of the text as fits into this many pixels; … stands for the rest. */
export function shortenTo(text: string, size: number, length: number): string {
  return shorten(printable(text), length / size, emsOf)
}

/** Lines of at most this many pixels; … ends the last one if the text needs more lines. */
export function linesOf(text: string, size: number, length: number, most: number): string[] {
  const lines = wrap(printable(text), length / size, '', emsOf)
  const rest = lines.splice(most - 1).join(' ')
  return rest === '' ? lines : [...lines, shorten(rest, length / size, emsOf)]
}

/** The width of a grapheme, in ems. */
function emsOf(grapheme: string): number {
  if (columnsOfGrapheme(grapheme) > 1) return 1.4
  if (/^[ijl.,:;'|!]/.test(grapheme)) return 0.4
  if (/^[mwMW@%→…]/.test(grapheme)) return 1.02
  return /^[A-Z&#<>=+]/.test(grapheme) ? 0.84 : 0.66
}
