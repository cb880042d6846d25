import { errorMonitor } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../../runtime/clock.ts'

/** A line longer than this is passed on in pieces. */
const LONGEST_LINE = 64 * 1024

/** How many of the last lines are kept. */
const KEPT_LINES = 10

const NEWLINE = Buffer.from('\n')

/** The events after which the sources go on: the target takes more, or will never take anything again. */
const RESUME_EVENTS = ['drain', 'close', errorMonitor] as const

/** Writes the lines of several programs to one stream, each line whole. */
export class LineSink {
  readonly #waiting = new Set<Readable>()

  constructor(private readonly target: Writable) {}

  write(text: Uint8Array, source: Readable): void {
    if (this.target.destroyed || this.target.write(text)) return
    // If the reader of our output is slow, the programs have to wait, as they would without us.
    source.pause()
    if (this.#waiting.size === 0) {
      for (const event of RESUME_EVENTS) this.target.on(event, this.#resume)
    }
    this.#waiting.add(source)
  }

  #resume = () => {
    for (const event of RESUME_EVENTS) this.target.off(event, this.#resume)
    for (const source of this.#waiting) source.resume()
    this.#waiting.clear()
  }
}

/** Passes the output of a program on to a sink line by line, with the program's name before each. */
export class Lines {
  readonly #prefix: Buffer
  readonly #last: Buffer[] = []
  #partial: Buffer = Buffer.alloc(0)
  #isOver = false
  #hasNew = false

  constructor(
    private readonly source: Readable,
    private readonly sink: LineSink,
    prefix: string,
  ) {
    this.#prefix = Buffer.from(prefix)
    source.on('data', (chunk: Buffer) => this.#receive(chunk))
    source.once('close', () => {
      this.#isOver = true
      this.#endLine()
    })
    source.on('error', () => {}) // After an error it emits `close`.
  }

  /** The last lines, the oldest first. */
  get last(): string[] {
    return [...this.#last, this.#partial]
      .filter((line) => line.length > 0)
      .slice(-KEPT_LINES)
      .map((line) => line.toString())
  }

  /**
   * Resolves when all that the program had written before its end has been passed on. Processes that it
   * started may keep the pipe open for ever, so this does not wait for `close`, but for a poll phase in
   * which nothing came.
   */
  drained(clock: Clock): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.#isOver || !(this.#hasNew || this.source.isPaused())) {
          this.#endLine()
          resolve()
        } else if (this.source.isPaused()) {
          // A source that has ended since emits `close`, and may emit no `resume`.
          const goOn = () => {
            this.source.off('resume', goOn).off('close', goOn)
            clock.afterPoll(check)
          }
          this.source.on('resume', goOn).on('close', goOn)
        } else {
          this.#hasNew = false
          clock.afterPoll(check)
        }
      }
      // Node may report the program's end before the poll phase that reads its last output.
      this.#hasNew = true
      clock.afterPoll(check)
    })
  }

  #receive(chunk: Buffer): void {
    this.#hasNew = true
    const lines: Buffer[] = []
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      lines.push(Buffer.concat([this.#partial, chunk.subarray(start, end)]))
      this.#partial = Buffer.alloc(0)
      start = end + 1
    }
    this.#partial = Buffer.concat([this.#partial, chunk.subarray(start)])
    while (this.#partial.length > LONGEST_LINE) {
      const end = endOfCharacter(this.#partial, LONGEST_LINE)
      lines.push(this.#partial.subarray(0, end))
      this.#partial = this.#partial.subarray(end)
    }
    this.#pass(lines)
  }

  #endLine(): void {
    if (this.#partial.length === 0) return
    this.#pass([this.#partial])
    this.#partial = Buffer.alloc(0)
  }

  #pass(lines: readonly Buffer[]): void {
    if (lines.length === 0) return
    this.#last.push(...lines.slice(-KEPT_LINES))
    this.#last.splice(0, this.#last.length - KEPT_LINES)
    const text = Buffer.concat(lines.flatMap((line) => [this.#prefix, line, NEWLINE]))
    this.sink.write(text, this.source)
  }
}

/** The last position up to `limit` at which a character of UTF-8 ends; `limit` where the text is not UTF-8. */
function endOfCharacter(text: Buffer, limit: number): number {
  for (let end = limit; end > limit - 4; end--) if (((text[end] ?? 0) & 0xc0) !== 0x80) return end
  return limit
}
