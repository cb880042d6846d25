import { parseArgs } from 'node:util'

/** What can be run by itself. */
const PARTS = ['lastcall', 'server.close()', 'HAProxy', 'nginx', 'faults']

export interface Options {
  /** How often every instance is replaced. */
  readonly rounds: number
  readonly only: string | undefined
  /** Whether the tables are to be written into the document. */
  readonly write: boolean
}

/** Throws where they can't be, and says what could. */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '10' },
      only: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  })
  const { only, write } = values
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds must be a whole number, 1 or more, got '${values.rounds}'`)
  }
  if (only !== undefined && !PARTS.includes(only)) {
    throw new Error(`--only must be one of ${PARTS.join(', ')}, got '${only}'`)
  }
  if (write && only !== undefined) {
    throw new Error('--write takes the whole: leave out --only')
  }
  if (write && rounds !== 10) {
    throw new Error('--write takes ten rounds, as the page says: leave out --rounds')
  }
  return { rounds, only, write }
}
