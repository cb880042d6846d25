import { describe, expect, test } from 'vitest'
import type { ExitCodes, ShutdownOptions } from '../../src/index.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'

type Ending = 'clean' | 'failed' | 'cut off' | 'fault'

async function exitOf(ending: Ending, options: ShutdownOptions = {}, applicationCode = 0) {
  const { shutdown, process, clock } = virtualShutdown(options)
  process.exitCode = applicationCode
  const run = {
    clean: () => {},
    failed: () => Promise.reject(new Error('boom')),
    'cut off': () => new Promise(() => {}),
    fault: () => {},
  }[ending]
  shutdown.add({ name: 'a', phase: 'drain', run })
  shutdown.listen()
  if (ending === 'fault') process.emit('uncaughtException', new Error('boom'))
  else process.send('SIGTERM')
  await clock.advance(20_000)
  return process.exits
}

describe('the process exits once, with', () => {
  test.each<[Ending, number]>([
    ['clean', 0],
    ['failed', 1],
    ['cut off', 124],
    ['fault', 1],
  ])('the code of how it ended: %s %i', async (ending, code) => {
    expect(await exitOf(ending)).toEqual([code])
  })

  test.each<[Ending, number]>([
    ['clean', 7],
    ['failed', 1],
    ['cut off', 124],
    ['fault', 1],
  ])("the application's own process.exitCode after a clean run only: %s", async (ending, code) => {
    expect(await exitOf(ending, {}, 7)).toEqual([code])
  })

  test.each<[Ending, number]>([
    ['clean', 10],
    ['failed', 11],
    ['cut off', 12],
    ['fault', 13],
  ])('the code that was set for it: %s', async (ending, code) => {
    const exitCodes = { clean: 10, failed: 11, deadline: 12, fault: 13 }
    expect(await exitOf(ending, { exitCodes }, 7)).toEqual([code])
  })

  test("128 + n after a clean run with 'signal', and no signal is raised", async () => {
    expect(await exitOf('clean', { exitCodes: { clean: 'signal' } })).toEqual([143])
    expect(await exitOf('failed', { exitCodes: { clean: 'signal' } })).toEqual([1])
  })

  test("0 after a call with 'signal', for there was none", async () => {
    const { shutdown, process, clock } = virtualShutdown({ exitCodes: { clean: 'signal' } })
    void shutdown.now()
    await clock.advance(1)
    expect(process.exits).toEqual([0])
  })

  test('the default where a code is given as undefined', async () => {
    const exitCodes = { failed: undefined } as unknown as { failed: number }
    expect(await exitOf('failed', { exitCodes })).toEqual([1])
  })
})

test('with exit: false the process is left alone, and the report says the code', async () => {
  expect(await exitOf('cut off', { exit: false })).toEqual([])
})

test('a second press has its own', async () => {
  const codes = [{ forced: 'signal' } as const, { forced: 99 }, {}]
  const exits = codes.map(async (exitCodes) => {
    const { shutdown, process, clock } = virtualShutdown({ exitCodes })
    shutdown.add({ name: 'a', phase: 'drain', run: () => new Promise(() => {}) })
    shutdown.listen()
    process.send('SIGINT')
    await clock.advance(200)
    process.send('SIGINT')
    return process.exits
  })
  expect(await Promise.all(exits)).toEqual([[130], [99], [130]])
})

test('a code is one that the kernel can hand on', () => {
  const shutdownWith = (exitCodes: unknown) => () =>
    virtualShutdown({ exitCodes: exitCodes as ExitCodes })
  for (const code of [0, 1, 255]) expect(shutdownWith({ failed: code })).not.toThrow()
  for (const wrong of [-1, 256, 1.5, '1', 'signal']) {
    expect(shutdownWith({ failed: wrong })).toThrow('`exitCodes.failed` to be an integer from 0')
  }
  for (const wrong of [null, 1, 'signal']) expect(shutdownWith(wrong)).toThrow('`exitCodes`')
})
