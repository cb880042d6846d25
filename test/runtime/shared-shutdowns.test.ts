import { describe, expect, test } from 'vitest'
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
