import { expect, test } from 'vitest'
import { perform } from './perform.ts'
import { search } from './search.ts'

const { RUNS = '300', SEED } = process.env
const runs = Number(RUNS)

// A scenario takes 1 to 2 ms. A failure takes more time, to be made smaller.
const timeout = 20_000 + 10 * runs

test('random scenarios end as the model predicts', { timeout }, async () => {
  const performer = { perform, name: 'perform', file: './perform.ts' }
  const found = await search(performer, { runs, seed: SEED })
  if (found) expect.fail(found.message)
})
