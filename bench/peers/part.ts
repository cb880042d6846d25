import type { Options } from './options.ts'

/** What is printed of a part. */
export interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly string[][]
  /** What a reader has to know about the figures. */
  readonly notes?: readonly string[]
}

/** One of the things that are measured. */
export interface Part {
  readonly name: string
  /** How long it should take, in seconds: for the time left on stderr, and nothing else. */
  estimate(options: Options): number
  measure(options: Options, progress: Progress): Promise<Table[]>
}

/** Says on stderr what is being measured, and how long the rest will take. */
export class Progress {
  readonly #began = performance.now()

  constructor(
    readonly part: string,
    readonly estimate: number,
    readonly afterwards: number,
  ) {}

  /** Says what is next, when so much of the part is done. */
  tell(what: string, done: number): void {
    const taken = (performance.now() - this.#began) / 1000
    // The estimate counts until there is something better: what the part has taken so far.
    const rest = done > 0.2 ? (taken / done) * (1 - done) : this.estimate * (1 - done)
    const minutes = Math.max(1, Math.round((rest + this.afterwards) / 60))
    process.stderr.write(`${this.part}: ${what}, about ${minutes} min left\n`)
  }
}

/** `1 round`, `10 rounds`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
