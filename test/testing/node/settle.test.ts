import { afterEach, expect, test, vi } from 'vitest'
import { settle } from '../../../src/testing/node/settle.ts'

afterEach(() => void vi.useRealTimers())

test('promises, ticks and an immediate happen before it resolves', async () => {
  const happened: string[] = []
  setImmediate(() => happened.push('immediate'))
  process.nextTick(() => happened.push('tick'))
  void Promise.resolve().then(() => happened.push('promise'))
  await settle()
  expect(happened.sort()).toEqual(['immediate', 'promise', 'tick'])
})

test('every call runs the immediate that is pending, a hundred times in a row', async () => {
  for (let round = 0; round < 100; round++) {
    let hasRun = false
    setImmediate(() => {
      hasRun = true
    })
    await settle()
    expect(hasRun).toBe(true)
  }
})

test('it resolves while the fake timers of a test runner are on', async () => {
  vi.useFakeTimers()
  await settle()
})
