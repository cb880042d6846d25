/** What a program has written to one stream so far. Reading it is cheap, however much it is. */
export class Output {
  #chunks: string[] = []
  #length = 0

  add(chunk: string): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  get length(): number {
    return this.#length
  }

  get text(): string {
    // Joined once, until there is more.
    if (this.#chunks.length > 1) this.#chunks = [this.#chunks.join('')]
    return this.#chunks[0] ?? ''
  }

  /** The text from a position on. */
  from(position: number): string {
    let start = this.#length
    let index = this.#chunks.length
    while (index > 0 && start > position) start -= this.#chunks[--index]?.length ?? 0
    return this.#chunks
      .slice(index)
      .join('')
      .slice(position - start)
  }
}

/**
 * Looks for something in a growing output. What has been searched is not searched again, except for the last
 * 64 kB: a match may have begun there. A longer match is found once the output has doubled.
 */
export class OutputSearch {
  #isFound = false
  #searched = 0
  /** When all of the output is searched again. */
  #wholeAt = 2 * OVERLAP

  /** @param what the text, or an expression without the flags g and y */
  constructor(
    readonly output: Output,
    readonly what: string | RegExp,
  ) {}

  /** Whether it is there by now. */
  finds(): boolean {
    this.#isFound ||= this.#search()
    return this.#isFound
  }

  #search(): boolean {
    const { length } = this.output
    const isWhole = length >= this.#wholeAt
    if (isWhole) this.#wholeAt = 2 * length
    const from = isWhole ? 0 : Math.max(0, this.#searched - OVERLAP)
    this.#searched = length
    return has(this.what, this.output, from)
  }
}

/** Characters. */
const OVERLAP = 64 * 1024

function has(what: string | RegExp, output: Output, from: number): boolean {
  if (typeof what === 'string') return output.from(from).includes(what)
  // With the character before it: the search must not take its own beginning for the beginning of the output.
  const before = Math.max(0, from - 1)
  const pattern = new RegExp(what.source, `${what.flags}g`)
  pattern.lastIndex = from - before
  return pattern.test(output.from(before))
}
