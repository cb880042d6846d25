/** The width of a grapheme: what a reader sees as one character. */
export type Measure = (grapheme: string) => number

/** How many columns a text takes in a terminal: two for wide characters, none for combining marks. */
export function columnsOf(text: string): number {
  return widthOf(text, columnsOfGrapheme)
}

/** The width of a text by the given measure. */
export function widthOf(text: string, measure: Measure): number {
  if (measure === columnsOfGrapheme && PLAIN.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes(text)) width += measure(segment)
  return width
}

/** Cuts a text to a width, in columns unless another measure is given. `…` replaces the rest. */
export function shorten(text: string, width: number, measure = columnsOfGrapheme): string {
  if (widthOf(text, measure) <= width) return text
  let left = width - measure('…')
  if (left < 0) return ''
  let kept = ''
  for (const { segment } of graphemes(text)) {
    left -= measure(segment)
    if (left < 0) break
    kept += segment
  }
  return `${kept}…`
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - columnsOf(text))) + text
}

/**
 * Breaks a text into lines of at most `width`, in columns unless another measure is given. Lines after
 * the first begin with the indent. Breaks fall between words, but not between a number and its unit. A
 * word that is longer than a line is split.
 */
export function wrap(
  text: string,
  width: number,
  indent = '',
  measure = columnsOfGrapheme,
): string[] {
  const lines: string[] = []
  let [line = ''] = /^ */.exec(text) ?? []
  const end = () => {
    if (line.trim() !== '') lines.push(line.trimEnd())
    line = indent
  }
  const fits = (longer: string) => widthOf(longer, measure) <= width
  for (const word of text.trimStart().split(/ (?!(?:ms|s|min)\b)/)) {
    const longer = line.trim() === '' ? line + word : `${line} ${word}`
    if (fits(longer)) {
      line = longer
      continue
    }
    end()
    for (const { segment } of graphemes(word)) {
      if (line.trim() !== '' && !fits(line + segment)) end()
      line += segment
    }
  }
  end()
  return lines
}

/** Each of these characters takes one column. Most texts have no others. */
const PLAIN = /^[ -~]*$/

let segmenter: Intl.Segmenter | undefined

function graphemes(text: string): Iterable<{ segment: string }> {
  segmenter ??= new Intl.Segmenter()
  return segmenter.segment(text)
}

export function columnsOfGrapheme(grapheme: string): number {
  if (EMOJI.test(grapheme)) return 2
  let columns = 0
  for (const character of grapheme) {
    columns += WIDE.test(character) ? 2 : NO_WIDTH.test(character) ? 0 : 1
  }
  return columns
}

/** An emoji takes two columns, however many characters it joins. */
const EMOJI = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u

// East Asian Wide and Fullwidth, in the blocks that have them: Unicode Standard Annex #11.
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18df2}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u

const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u
