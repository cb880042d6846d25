/**
 * What of a text may be written to a terminal. Sequences that would move its cursor, colour it or set
 * its title are taken out; what else controls it, or turns the direction of a line around, is shown as
 * a sign for it.
 */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text
  return text
    .replace(SEQUENCES, '')
    .replace(/[\t-\r]+/g, ' ')
    .replace(CONTROLS, signOf)
}

/** How many columns a text takes in a terminal: two where the characters are wide, none for marks on others. */
export function columnsOf(text: string): number {
  if (PLAIN.test(text)) return text.length
  let columns = 0
  for (const { segment } of graphemes(text)) columns += columnsOfGrapheme(segment)
  return columns
}

/** As much of the text as so many columns hold; … stands for the rest. */
export function shorten(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text
  let kept = ''
  let width = 0
  for (const { segment } of graphemes(text)) {
    width += columnsOfGrapheme(segment)
    if (width > columns - 1) break
    kept += segment
  }
  return columns < 1 ? '' : `${kept}…`
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - columnsOf(text))) + text
}

/**
 * Lines of so many columns at most, those after the first begin with the indent. They are broken
 * between words, but not between a number and its unit, and within words that are longer than a line.
 */
export function wrap(text: string, columns: number, indent = ''): string[] {
  const lines: string[] = []
  let [line = ''] = /^ */.exec(text) ?? []
  const end = () => {
    if (line.trim() !== '') lines.push(line.trimEnd())
    line = indent
  }
  for (const word of text.trimStart().split(/ (?!(?:ms|s|min)\b)/)) {
    const longer = line.trim() === '' ? line + word : `${line} ${word}`
    if (columnsOf(longer) <= columns) {
      line = longer
      continue
    }
    end()
    for (const { segment } of graphemes(word)) {
      if (line.trim() !== '' && columnsOf(line + segment) > columns) end()
      line += segment
    }
  }
  end()
  return lines
}

/** Texts of nothing else take a column for each character, and are what there is most. */
const PLAIN = /^[ -~]*$/

// Written as texts: the characters themselves are what an editor would not show either.
const SEQUENCES = new RegExp(
  [
    // What sets a title or a link, up to its end: BEL or ST.
    '(?:\\u001b[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u009c]*(?:\\u0007|\\u001b\\\\|\\u009c)?',
    // What moves, erases and colours.
    '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]',
    '\\u001b[ -/]*[0-~]',
  ].join('|'),
  'g',
)

// Of what formats only the joiners stay, and the tags of flags: emoji are made with them.
const CONTROLS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?!\u200c|\u200d|[\u{e0020}-\u{e007f}])\p{Cf}/gu

function signOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  return code === 0x7f ? '␡' : '\ufffd'
}

let segmenter: Intl.Segmenter | undefined

function graphemes(text: string): Iterable<{ segment: string }> {
  segmenter ??= new Intl.Segmenter()
  return segmenter.segment(text)
}

function columnsOfGrapheme(grapheme: string): number {
  if (EMOJI.test(grapheme)) return 2
  let columns = 0
  for (const character of grapheme) {
    columns += WIDE.test(character) ? 2 : NO_WIDTH.test(character) ? 0 : 1
  }
  return columns
}

/** However many are joined to one. */
const EMOJI = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u

// East Asian Wide and Fullwidth, in the blocks that have them: Unicode Standard Annex #11.
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18df2}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u

const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u
