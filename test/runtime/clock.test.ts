import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { folder, Process } from '../support/programs/command-line.ts'

const BUILT = fileURLToPath(new URL('../../dist/index.cjs', import.meta.url))
const JEST = fileURLToPath(new URL('../../node_modules/jest/bin/jest.js', import.meta.url))

afterEach(() => {
  vi.useRealTimers()
})

describe('fake timers', () => {
  test.each(['before', 'after'])(
    'of vitest, installed %s the clock is loaded, do not stop it',
    async (order) => {
      vi.resetModules()
      if (order === 'before') vi.useFakeTimers()
      const { systemClock } = await import('../../src/runtime/clock.ts')
      vi.useFakeTimers()
      const before = systemClock.now()
      await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 20))
      await new Promise<void>((resolve) => systemClock.afterPoll(resolve))
      expect(systemClock.now() - before).toBeGreaterThanOrEqual(19)
      systemClock.clearTimeout(systemClock.setTimeout(() => {}, 1000))
    },
  )

  test('of jest, installed before anything is loaded, do not stop a shutdown', async () => {
    const cwd = folder({
      'jest.config.json': { fakeTimers: { enableGlobally: true } },
      'shutdown.test.js': `
        test('a hook that hangs is cut off', async () => {
          expect(setTimeout.clock).toBeDefined()
          const { createShutdown } = require(${JSON.stringify(BUILT)})
          const shutdown = createShutdown({ exit: false, log: false })
          shutdown.add({ name: 'hangs', phase: 'close', timeout: 50, run: () => new Promise(() => {}) })
          const { phases } = await shutdown.now()
          expect(phases[0].hooks[0].status).toBe('cut off')
        })
      `,
    })
    const { code, stderr } = await new Process([process.execPath, JEST], { cwd }).ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('1 passed') })
  })
})
