import { mock } from 'node:test'
import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  mock.timers.reset()
})

/** Loads it while the mock timers of node:test replace also what node:timers exports. */
async function loadUnderMockTimers() {
  mock.timers.enable()
  vi.resetModules()
  return import('../../../src/testing/node/real-time.ts')
}

test('real time goes on under fake timers that were there first', async () => {
  const { pause } = await loadUnderMockTimers()
  const began = performance.now()
  await pause(20)
  expect(performance.now() - began).toBeGreaterThan(19)
})

test('what is cancelled is not called', async () => {
  const { pause, realTimeout } = await loadUnderMockTimers()
  const called: string[] = []
  const cancel = realTimeout(() => called.push('cancelled'), 5)
  realTimeout(() => called.push('other'), 5)
  cancel()
  await pause(10)
  expect(called).toEqual(['other'])
})
