import { errorMonitor } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../../runtime/clock.ts'

/** A line longer than this is passed on in pieces. */
const LONGEST_LINE = 64 * 1024

/** How many of the last lines are remembered. */
const REMEMBERED = 10

const NEWLINE = Buffer.from('\n')

/** It takes more, or will never take anything: whoever waits may go on. */
const FREE = ['drain', 'close', errorMonitor] as const

/** Where the lines of several programs go, each whole, with the program's name before it. */
export class LineSink {
  readonly #target: Writable
  readonly #waiting = new Set<Readable>()

  constructor(target: Writable) {
    this.#target = target
  }

  write(text: Uint8Array, source: Readable): void {
    if (this.#target.destroyed || this.#target.write(text)) return
    // A slow reader of ours makes the programs wait, as it would without us.
    source.pause()
    if (this.#waiting.size === 0) for (const event of FREE) this.#target.on(event, this.#resume)
    this.#waiting.add(source)
  }

  #resume = () => {
    for (const event of FREE) this.#target.off(event, this.#resume)
    for (const source of this.#waiting) source.resume()
    this.#waiting.clear()
  }
}

/** Passes what a program writes on to a sink, line by line. */
export class Lines {
  readonly #source: Readable
  readonly #sink: LineSink
  readonly #prefix: Buffer
  readonly #last: Buffer[] = []
  #rest: Buffer = Buffer.alloc(0)
  #isOver = false
  #isBusy = false

  constructor(source: Readable, sink: LineSink, prefix: string) {
    this.#source = source
    this.#sink = sink
    this.#prefix = Buffer.from(prefix)
    source.on('data', (chunk: Buffer) => this.#take(chunk))
    source.once('close', () => {
      this.#isOver = true
      this.#endLine()
    })
    source.on('error', () => {}) // It is closed then.
  }

  /** The last lines, the oldest first. */
  get last(): string[] {
    return [...this.#last, this.#rest]
      .filter((line) => line.length > 0)
      .slice(-REMEMBERED)
      .map((line) => line.toString())
  }

  /**
   * Resolves when all that the program had written when it ended has been passed on. What it has
   * started may keep its end of the pipe open for ever: so it is not the close that counts, but a poll
   * phase in which nothing came.
   */
  drained(clock: Clock): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.#isOver || !(this.#isBusy || this.#source.isPaused())) {
          this.#endLine()
          resolve()
        } else if (this.#source.isPaused()) {
          // One that has come to its end meanwhile is closed, and may not say that it goes on.
          const goOn = () => {
            this.#source.off('resume', goOn).off('close', goOn)
            clock.afterPoll(look)
          }
          this.#source.on('resume', goOn).on('close', goOn)
        } else {
          this.#isBusy = false
          clock.afterPoll(look)
        }
      }
      // The program's end may be heard before the poll phase that reads its last words.
      this.#isBusy = true
      clock.afterPoll(look)
    })
  }

  #take(chunk: Buffer): void {
    this.#isBusy = true
    const lines: Buffer[] = []
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      lines.push(Buffer.concat([this.#rest, chunk.subarray(start, end)]))
      this.#rest = Buffer.alloc(0)
      start = end + 1
    }
    this.#rest = Buffer.concat([this.#rest, chunk.subarray(start)])
    while (this.#rest.length > LONGEST_LINE) {
      const end = endOfCharacter(this.#rest, LONGEST_LINE)
      lines.push(this.#rest.subarray(0, end))
      this.#rest = this.#rest.subarray(end)
    }
    this.#pass(lines)
  }

  #endLine(): void {
    if (this.#rest.length === 0) return
    this.#pass([this.#rest])
    this.#rest = Buffer.alloc(0)
  }

  #pass(lines: readonly Buffer[]): void {
    if (lines.length === 0) return
    this.#last.push(...lines.slice(-REMEMBERED))
    this.#last.splice(0, this.#last.length - REMEMBERED)
    const text = Buffer.concat(lines.flatMap((line) => [this.#prefix, line, NEWLINE]))
    this.#sink.write(text, this.#source)
  }
}

/** The last end of a character of UTF-8 up to here; just here where it is no such text. */
function endOfCharacter(text: Buffer, most: number): number {
  for (let end = most; end > most - 4; end--) if (((text[end] ?? 0) & 0xc0) !== 0x80) return end
  return most
}
