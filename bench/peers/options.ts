import { parseArgs } from 'node:util'

/** How much is measured. */
export interface Options {
  /** Rounds in each of which every contestant has its turn. */
  readonly runs: number
  /** Pairs for what processes differ in anyway: throughput and loading. */
  readonly pairs: number
  /** From the signal to SIGKILL, in milliseconds. */
  readonly grace: number
  /** How long a service is loaded for its throughput, in seconds. */
  readonly seconds: number
  /** How many idle connections there are for what one of them costs. */
  readonly connections: number
  /** The parts to measure; all of them where it's empty. */
  readonly only: readonly string[]
}

const FULL = { runs: 10, pairs: 20, grace: 10_000, seconds: 1, connections: 5000 }
const QUICK = { runs: 2, pairs: 2, grace: 3000, seconds: 1, connections: 2000 }

/** Reads `--quick`, `--runs 5`, `--pairs 10`, `--only lost,size`. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      pairs: { type: 'string' },
      only: { type: 'string' },
    },
  })
  const size = values.quick ? QUICK : FULL
  return {
    ...size,
    runs: count(values.runs, '--runs') ?? size.runs,
    pairs: count(values.pairs, '--pairs') ?? size.pairs,
    only: values.only?.split(',') ?? [],
  }
}

function count(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`Expected ${name} to be a whole number above 0, got '${text}'`)
}
