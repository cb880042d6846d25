import { describe, expect, test } from 'vitest'
import { Supervised, sh, sleeper } from '../../support/programs/programs.ts'

/** Lets it end so many times, and says how long it waited each time to be started again. */
async function delays(world: Supervised, times: number, to: 'BACKOFF' | 'EXITED') {
  const seen: (number | null)[] = []
  for (let nth = 1; nth <= times; nth++) {
    const { restartIn } = await world.reaches(to, { nth })
    seen.push(restartIn)
    await world.clock.advance((restartIn ?? 0) - 1)
    expect(starts(world)).toBe(nth)
    await world.clock.advance(1)
    expect(starts(world)).toBe(nth + 1)
  }
  return seen
}

function starts(world: Supervised): number {
  return world.states().filter((state) => state === 'STARTING').length
}

const USUAL = [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]

describe('the delays before a restart', () => {
  test('double from 100 ms to a minute where starts fail', async () => {
    const world = new Supervised([sh('exit 1', { startRetries: 100 })]).start()
    expect(await delays(world, 12, 'BACKOFF')).toEqual(USUAL)
  })

  test('double just so where it ends soon after it had started', async () => {
    const options = { startFor: 0, restart: 'always' } as const
    const world = new Supervised([sh('exit 0', options)]).start()
    expect(await delays(world, 12, 'EXITED')).toEqual(USUAL)
  })

  test('are those that it was given', async () => {
    const backoff = { initial: 30, max: '0.1s' } as const
    const world = new Supervised([sh('exit 1', { startRetries: 9, backoff })]).start()
    expect(await delays(world, 4, 'BACKOFF')).toEqual([30, 60, 100, 100])
  })

  test('are all the same where the first is the longest', async () => {
    const backoff = { initial: '1s', max: '1s' } as const
    const world = new Supervised([sh('exit 1', { startRetries: 9, backoff })]).start()
    expect(await delays(world, 3, 'BACKOFF')).toEqual([1000, 1000, 1000])
  })

  test('are counted for each process by itself', async () => {
    const world = new Supervised([
      sh('exit 1', { name: 'bad', startRetries: 9 }),
      sleeper({ name: 'good', startFor: 0 }),
    ]).start()
    await world.clock.advance((await world.reaches('BACKOFF', { name: 'bad' })).restartIn ?? 0)
    expect(await world.reaches('BACKOFF', { name: 'bad', nth: 2 })).toMatchObject({
      restartIn: 200,
    })
    process.kill(world.pid('good'), 'SIGKILL')
    expect(await world.reaches('EXITED', { name: 'good' })).toMatchObject({ restartIn: 100 })
  })
})

describe('the delay after a program that was up', () => {
  /** Has it killed after so much time up, over and over. */
  async function killedAfter(times: readonly number[], backoff = {}) {
    const world = new Supervised([sleeper({ startFor: 0, backoff })]).start()
    const seen: (number | null)[] = []
    for (const [index, uptime] of times.entries()) {
      await world.clock.advance(uptime)
      process.kill(world.pid(), 'SIGKILL')
      const { restartIn } = await world.reaches('EXITED', { nth: index + 1 })
      seen.push(restartIn)
      await world.clock.advance(restartIn ?? 0)
    }
    return seen
  }

  test('for 10 s is the first one again', async () => {
    expect(await killedAfter([0, 0, 9999, 10_000, 0])).toEqual([100, 200, 400, 100, 200])
  })

  test('for its own resetAfter is the first one again', async () => {
    const backoff = { resetAfter: '500ms' }
    expect(await killedAfter([0, 499, 500, 0], backoff)).toEqual([100, 200, 100, 200])
  })

  test('is always the first one where resetAfter is 0', async () => {
    expect(await killedAfter([0, 0, 0], { resetAfter: 0 })).toEqual([100, 100, 100])
  })

  test('counts from its own start, not from the one before', async () => {
    expect(await killedAfter([9999, 9999, 9999])).toEqual([100, 200, 400])
  })
})
