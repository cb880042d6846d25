import { describe, expect, test } from 'vitest'
import type { Hook } from '../../src/engine/hook.ts'
import { errorOf } from '../support/hooks/error-of.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'

const NONSENSE = [-1, 0, Number.NaN, '5', null, undefined, {}, Promise.resolve(5)]

/** A hook of the phase `flush` that never settles. */
function hungFor(timeout: unknown): Hook {
  return { name: 'hung', phase: 'flush', timeout, run: () => new Promise(() => {}) } as Hook
}

function world() {
  const { shutdown, clock } = virtualShutdown({ grace: '10s', exit: false, log: false })
  const limit = async () => {
    const ended = shutdown.now()
    await clock.advance(10_000)
    const [flush] = (await ended).phases.filter(({ name }) => name === 'flush')
    return flush?.hooks[0]?.limit
  }
  return { shutdown, clock, limit }
}

describe('a timeout that is a function', () => {
  test('is called when the hook is added, and again when it begins', async () => {
    const { shutdown, clock, limit } = world()
    const calledAt: number[] = []
    const timeout = () => {
      calledAt.push(clock.now())
      return 3000 - clock.now()
    }
    shutdown.add({ name: 'before', phase: 'drain', run: () => clock.sleep(1000) })
    shutdown.add(hungFor(timeout))
    const [, flush] = shutdown.plan().phases

    expect(flush?.hooks).toMatchObject([{ name: 'hung', atMost: 3000 }])
    expect(await limit()).toBe(2000)
    expect(calledAt).toEqual([0, 1000])
  })

  test('bounds what is kept for its phase, by its first value', () => {
    const { shutdown } = world()
    const timeouts = ['200ms', '5s']
    const remove = shutdown.add(hungFor(() => timeouts.shift()))
    expect(shutdown.plan().phases[0]?.reserve).toBe(200)
    remove()
    expect(timeouts).toEqual(['5s'])
  })

  test('is a method of its hook', async () => {
    class Flush {
      readonly name = 'own'
      readonly phase = 'flush'
      readonly #longest = '1.5s'
      timeout() {
        return this.#longest
      }
      run = () => new Promise(() => {})
    }
    const { shutdown, limit } = world()
    shutdown.add(new Flush() as unknown as Hook)
    expect(await limit()).toBe(1500)
  })

  test.each(NONSENSE)('keeps its first value where it returns %s later', async (later) => {
    const { shutdown, limit } = world()
    const timeouts = ['2s', later]
    shutdown.add(hungFor(() => timeouts.shift()))
    expect(await limit()).toBe(2000)
    expect(timeouts).toEqual([])
  })

  test('keeps its first value where it throws later', async () => {
    const { shutdown, limit } = world()
    const timeouts = ['2s']
    const timeout = () => {
      if (timeouts.length === 0) throw new Error('boom')
      return timeouts.shift()
    }
    shutdown.add(hungFor(timeout))
    expect(await limit()).toBe(2000)
  })

  test.each(NONSENSE)('is refused where it returns %s when the hook is added', (first) => {
    const { shutdown } = world()
    const error = errorOf(() => shutdown.add(hungFor(() => first)))
    expect(error).toMatchObject({ code: 'LASTCALL_INVALID_OPTION' })
    expect(error.message).toContain("timeout of hook 'hung'")
    expect(shutdown.plan().phases).toEqual([])
  })

  test('refuses the hook with its own error where it throws when the hook is added', () => {
    const { shutdown } = world()
    const error = new Error('boom')
    const timeout = () => {
      throw error
    }
    expect(() => shutdown.add(hungFor(timeout))).toThrow(error)
    expect(shutdown.plan().phases).toEqual([])
  })
})
