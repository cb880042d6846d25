import { describe, expect, test } from 'vitest'
import type { Report, ShutdownOptions } from '../../src/index.ts'
import { formatReport } from '../../src/index.ts'
import { VirtualClock, VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'

function shutdownsOf(
  ...endings: { takes: number; fails?: boolean; hangs?: boolean; fault?: boolean }[]
) {
  const world = { process: new VirtualProcess(), clock: new VirtualClock() }
  const ended: number[] = []
  const shutdowns = endings.map(({ takes, fails, hangs }, index) => {
    const { shutdown } = virtualShutdown({ grace: '2s' }, world)
    const run = async () => {
      await (hangs ? new Promise(() => {}) : world.clock.sleep(takes))
      ended.push(index)
      if (fails) throw new Error('boom')
    }
    shutdown.add({ name: 'work', phase: 'drain', run })
    shutdown.listen()
    return shutdown
  })
  return { ...world, shutdowns, ended }
}

describe('the log of several shutdowns in one process', () => {
  /** The lines of shutdowns in one process, each with its own options. */
  async function linesOf(
    options: readonly ShutdownOptions[],
    happen: (world: { process: VirtualProcess; clock: VirtualClock }) => Promise<void> | void,
  ) {
    const world = { process: new VirtualProcess(), clock: new VirtualClock() }
    for (const [index, one] of options.entries()) {
      const { shutdown } = virtualShutdown({ grace: '2s', log: 'text', ...one }, world)
      shutdown.add({ name: `work ${index}`, phase: 'drain', run: () => world.clock.sleep(500) })
      shutdown.add({ name: `pool ${index}`, phase: 'close', run: () => {} })
      shutdown.listen()
    }
    await happen(world)
    return world.process.output.trimEnd().split('\n')
  }
  const stop = async ({ process, clock }: { process: VirtualProcess; clock: VirtualClock }) => {
    process.send('SIGTERM')
    await clock.advance(1000)
    process.send('SIGTERM')
    await clock.advance(1000)
  }

  test('says which one speaks, and once what all of them hear', async () => {
    expect(await linesOf([{}, { grace: '5s' }], stop)).toEqual([
      'lastcall[1]: SIGTERM: shutting down; deadline 1.8 s (grace 2 s, set by the application)',
      'lastcall[2]: shutting down too; deadline 4.5 s (grace 5 s, set by the application)',
      "lastcall[2]: hook 'work 1' (drain) done in 500 ms",
      "lastcall[2]: hook 'pool 1' (close) done in 0 ms",
      'lastcall[2]: shutdown complete in 500 ms: 2 hooks done',
      "lastcall[1]: hook 'work 0' (drain) done in 500 ms",
      "lastcall[1]: hook 'pool 0' (close) done in 0 ms",
      'lastcall[1]: shutdown complete in 500 ms: 2 hooks done',
      'lastcall: exiting with code 0',
    ])
  })

  test('says by name who speaks, if it has one, also where it is the only one', async () => {
    const [first, second] = await linesOf([{ name: 'main' }, {}], stop)
    expect(first).toMatch(/^lastcall\[main\]: SIGTERM: shutting down;/)
    expect(second).toMatch(/^lastcall\[2\]: shutting down too;/)
    const only = await linesOf([{ name: 'a\nb' }], stop)
    expect(only[0]).toMatch(/^lastcall\[a\\u000ab\]: SIGTERM/)
    expect((await linesOf([{}], stop))[0]).toMatch(/^lastcall: SIGTERM/)
  })

  test('has the name as a field, for collectors', async () => {
    const lines = await linesOf([{ log: 'json' }, { log: 'json', name: 'admin' }], stop)
    const fields = lines.map((line) => JSON.parse(line))
    expect(fields.slice(0, 2)).toMatchObject([
      { event: 'start', shutdown: '1', reason: 'SIGTERM' },
      { event: 'start', shutdown: 'admin', reason: 'SIGTERM' },
    ])
  })

  test('says a repeat, a fault and a forced exit once', async () => {
    const lines = await linesOf([{}, {}, {}], async ({ process, clock }) => {
      process.send('SIGINT')
      await clock.advance(200)
      process.send('SIGTERM')
      await clock.advance(10)
      process.send('SIGTERM')
      process.emit('uncaughtException', new Error('boom'))
      await clock.advance(10)
      process.exit = () => {
        throw new Error('the process has ended')
      }
      expect(() => process.send('SIGINT')).toThrow('the process has ended')
    })
    const withoutStacks = lines.filter((line) => line.startsWith('lastcall'))
    expect(withoutStacks.slice(3)).toEqual([
      'lastcall: SIGTERM during the shutdown: already shutting down',
      'lastcall: SIGTERM during the shutdown: already shutting down',
      'lastcall: uncaughtException: Error: boom',
      "lastcall: SIGINT again: exiting at once with code 130 (hooks 'work 0', 'work 1' and 'work 2' were cut off; hooks 'pool 0', 'pool 1' and 'pool 2' never ran)",
    ])
  })

  test('says a fault in each place that lines go to', async () => {
    const logged: string[] = []
    const at = (_fields: object, message: string) => void logged.push(message.split('\n')[0] ?? '')
    const lines = await linesOf([{}, { log: { info: at, warn: at, error: at } }], ({ process }) => {
      process.emit('uncaughtException', new Error('boom'))
    })
    expect(lines).toContainEqual('lastcall: uncaughtException: Error: boom')
    expect(logged).toContainEqual('lastcall: uncaughtException: Error: boom')
  })

  test('has its own name where it exits alone', async () => {
    const lines = await linesOf([{ exit: false, name: 'tool' }, {}], stop)
    expect(lines.slice(0, 2)).toEqual([
      expect.stringMatching(/^lastcall\[tool\]: SIGTERM: shutting down;/),
      expect.stringMatching(/^lastcall: SIGTERM: shutting down;/),
    ])
  })
})

test('the signal that begins several shutdowns is a repeat for none of them', async () => {
  const { process, clock, shutdowns } = shutdownsOf({ takes: 500 }, { takes: 500 })
  const repeats: string[] = []
  for (const [index, shutdown] of shutdowns.entries()) {
    shutdown.on('repeat', ({ signal }) => repeats.push(`${index} ${signal}`))
  }
  process.send('SIGTERM')
  await clock.advance(200)
  expect(repeats).toEqual([])
  process.send('SIGTERM')
  expect(repeats).toEqual(['0 SIGTERM', '1 SIGTERM'])
})

test('a report has the code of the process, as far as it is known when its shutdown is over', async () => {
  const { clock, process, shutdowns } = shutdownsOf(
    { takes: 10 },
    { takes: 50, fails: true },
    { takes: 100 },
  )
  process.send('SIGTERM')
  await clock.advance(200)
  const reports = shutdowns.map((shutdown) => shutdown.report as Report)
  expect(reports.map(({ outcome, exitCode }) => [outcome, exitCode])).toEqual([
    ['clean', 0],
    ['failed', 1],
    ['clean', 1],
  ])
  expect(reports.map(({ processOutcome }) => processOutcome)).toEqual([
    undefined,
    undefined,
    'failed',
  ])
  expect(reports.map((report) => formatReport(report, { width: 80 }).split('\n')[0])).toEqual([
    'SIGTERM → exit code 0 (clean) after 10 ms',
    'SIGTERM → exit code 1 (failed) after 50 ms',
    'SIGTERM → exit code 1 (clean; another shutdown: failed) after 100 ms',
  ])
  expect(process.exits).toEqual([1])
})

describe('several shutdowns in one process', () => {
  test('leave together: the process exits once, when the last has ended', async () => {
    const { process, clock, ended } = shutdownsOf({ takes: 10 }, { takes: 500 }, { takes: 100 })
    process.send('SIGTERM')
    await clock.advance(499)
    expect(process.exits).toEqual([])
    await clock.advance(2)
    expect(ended).toEqual([0, 2, 1])
    expect(process.exits).toEqual([0])
  })

  test('all begin when one is started by hand, with its reason', async () => {
    const { process, clock, shutdowns, ended } = shutdownsOf({ takes: 10 }, { takes: 50 })
    void shutdowns[0]?.now('deploy')
    await clock.advance(100)
    expect(ended).toEqual([0, 1])
    expect(shutdowns[1]?.report?.reason).toEqual({ kind: 'call', note: 'deploy' })
    expect(process.exits).toEqual([0])
  })

  test.each([
    [[{ takes: 10, fails: true }, { takes: 50 }], 1],
    [[{ takes: 10 }, { takes: 50, fails: true }], 1],
    [
      [
        { takes: 10, hangs: true },
        { takes: 50, fails: true },
      ],
      124,
    ],
    [
      [
        { takes: 10, fails: true },
        { takes: 50, hangs: true },
      ],
      124,
    ],
  ])('exit with the worst code: %j', async (endings, code) => {
    const { process, clock } = shutdownsOf(...endings)
    process.send('SIGTERM')
    await clock.advance(5000)
    expect(process.exits).toEqual([code])
  })

  test('one that begins to listen after the others have started starts at once, and is waited for', async () => {
    const { process, clock } = shutdownsOf({ takes: 100 })
    process.send('SIGTERM')
    await clock.advance(50)
    const late = virtualShutdown({}, { process, clock }).shutdown
    late.add({ name: 'late', phase: 'drain', run: () => clock.sleep(300) })
    late.listen()
    await clock.advance(200)
    expect(process.exits).toEqual([])
    await clock.advance(200)
    expect(process.exits).toEqual([0])
  })

  test('one that has stopped listening is not started, nor waited for', async () => {
    const { process, clock } = shutdownsOf({ takes: 10 })
    const other = virtualShutdown({}, { process, clock }).shutdown
    other.listen()()
    process.send('SIGTERM')
    await clock.advance(100)
    expect(other.signal.aborted).toBe(false)
    expect(process.exits).toEqual([0])
  })

  test('one that stops listening after its start still ends the process', async () => {
    const world = { process: new VirtualProcess(), clock: new VirtualClock() }
    const { shutdown } = virtualShutdown({}, world)
    shutdown.add({ name: 'work', phase: 'drain', run: () => world.clock.sleep(100) })
    const unlisten = shutdown.listen()
    world.process.send('SIGTERM')
    unlisten()
    await world.clock.advance(200)
    expect(world.process.exits).toEqual([0])
  })

  test('a code that the application has set wins over 0', async () => {
    const world = { process: new VirtualProcess(), clock: new VirtualClock() }
    const codes = [0, 9, 0]
    for (const clean of codes) virtualShutdown({ exitCodes: { clean } }, world).shutdown.listen()
    world.process.send('SIGTERM')
    await world.clock.advance(10)
    expect(world.process.exits).toEqual([9])
  })

  test('one that joins when the last of the others has ended is waited for', async () => {
    const { process, clock, shutdowns } = shutdownsOf({ takes: 10 })
    const late = virtualShutdown({}, { process, clock }).shutdown
    let done = false
    late.add({
      name: 'late',
      phase: 'drain',
      run: async () => {
        await clock.sleep(50)
        done = true
      },
    })
    shutdowns[0]?.on('exit', () => late.listen())
    process.send('SIGTERM')
    await clock.advance(1000)
    expect(done).toBe(true)
    expect(process.exits).toEqual([0])
  })

  test('leave nothing behind where a test has replaced process.exit()', async () => {
    const { process, clock } = shutdownsOf({ takes: 10, fails: true })
    process.send('SIGTERM')
    await clock.advance(100)
    const next = virtualShutdown({}, { process, clock }).shutdown
    next.listen()
    expect(next.signal.aborted).toBe(false)
    process.send('SIGTERM')
    await clock.advance(100)
    expect(process.exits).toEqual([1, 0])
  })

  test('report the same fault once each', async () => {
    const { process, clock, shutdowns } = shutdownsOf({ takes: 10 }, { takes: 10 })
    process.emit('uncaughtException', new Error('boom'))
    await clock.advance(100)
    expect(shutdowns.map((shutdown) => shutdown.report?.faults.length)).toEqual([1, 1])
  })

  test('wait for the one that a fault has hit before its end', async () => {
    const { process, clock, ended } = shutdownsOf({ takes: 10 }, { takes: 500 })
    process.send('SIGTERM')
    await clock.advance(5)
    process.emit('uncaughtException', new Error('boom'))
    await clock.advance(100)
    expect({ ended, exits: process.exits }).toEqual({ ended: [0], exits: [] })
    await clock.advance(400)
    expect({ ended, exits: process.exits }).toEqual({ ended: [0, 1], exits: [1] })
  })

  test('do not report an AbortError of each other as a fault', async () => {
    const { process, clock, shutdowns } = shutdownsOf({ takes: 10 }, { takes: 10 })
    process.send('SIGTERM')
    process.emit('unhandledRejection', shutdowns[0]?.signal.reason)
    await clock.advance(100)
    expect(process.exits).toEqual([0])
  })

  test('one with exit: false takes no part', async () => {
    const { process, clock } = shutdownsOf({ takes: 10 })
    const quiet = virtualShutdown({ exit: false }, { process, clock }).shutdown
    quiet.add({ name: 'slow', phase: 'drain', run: () => clock.sleep(1000) })
    void quiet.now()
    await clock.advance(50)
    expect(process.exits).toEqual([])
    process.send('SIGTERM')
    await clock.advance(50)
    expect(process.exits).toEqual([0])
  })
})
