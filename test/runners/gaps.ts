/** What is known not to work in a runner, and why. */
export interface Gap {
  readonly runner: string
  readonly why: string
  /** The names of cases, and of wrong expectations whose message says less. */
  readonly names: readonly string[]
}

export const GAPS: readonly Gap[] = [
  {
    runner: 'bun',
    why: 'Bun does not say what keeps the event loop alive, so run() cannot wait for real work.',
    names: ['run() waits for real files', 'real timers go on', 'real work that was cut off'],
  },
  {
    runner: 'deno',
    why: 'Deno does not always say that files are being written, so run() does not wait for them.',
    names: ['run() waits for real files'],
  },
]

export const gapsOf = (runner: string): string[] =>
  GAPS.filter((gap) => gap.runner === runner).flatMap(({ names }) => names)
