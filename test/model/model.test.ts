import { expect, test } from 'vitest'
import { perform } from './perform.ts'
import { search } from './search.ts'

const { RUNS = '300', SEED } = process.env
const runs = Number(RUNS)

// Some 1 to 2 ms each; more where a failure has to be made smaller.
const timeout = 20_000 + 10 * runs

test('what comes out of random scenarios is what the model says', { timeout }, async () => {
  const performer = { perform, name: 'perform', file: './perform.ts' }
  const found = await search(performer, { runs, seed: SEED })
  if (found) expect.fail(found.message)
})
