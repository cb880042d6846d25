/** A text file with its lines. */
export class SourceFile {
  readonly #starts: readonly number[]
  readonly text: string
  /** The byte order mark, or ''. Parsers refuse it, but a diff has to keep it. */
  readonly byteOrderMark: string

  constructor(
    /** Relative to the examined directory, with `/`. */
    readonly path: string,
    content: string,
  ) {
    this.byteOrderMark = content.startsWith('\uFEFF') ? '\uFEFF' : ''
    const text = content.slice(this.byteOrderMark.length)
    this.text = text
    const starts = [0]
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
    this.#starts = starts
  }

  /** The line ending. */
  get eol(): string {
    return this.text.includes('\r\n') ? '\r\n' : '\n'
  }

  /** The line of an offset; the first is 1. */
  lineOf(offset: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }

  /** Where a line starts; the first is 1. */
  startOf(line: number): number {
    return this.#starts[line - 1] ?? this.text.length
  }

  /** The text of a line; the first is 1. */
  line(line: number): string {
    return this.text.slice(this.startOf(line), this.startOf(line + 1)).replace(/\r?\n$/, '')
  }

  /** The text between the start of an offset's line and the offset. */
  before(offset: number): string {
    return this.text.slice(this.startOf(this.lineOf(offset)), offset)
  }
}

/** Replaces the text from `start` to `end`. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  const fromTheEnd = [...edits].sort((a, b) => b.start - a.start)
  return fromTheEnd.reduce(
    (result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end),
    text,
  )
}
