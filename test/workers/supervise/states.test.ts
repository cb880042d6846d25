import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder, Supervised, sh, sleeper } from '../../support/programs/programs.ts'

const HOUR = 3_600_000

describe('a program that is started', () => {
  test('is STARTING, and RUNNING once it has been up for a second', async () => {
    const world = new Supervised([sleeper()]).start()
    await world.clock.advance(999)
    expect(world.states()).toEqual(['STARTING'])
    await world.clock.advance(1)
    expect(world.states()).toEqual(['STARTING', 'RUNNING'])
  })

  test.each([
    [250, 250],
    ['3s', 3000],
  ])('is RUNNING after its own startFor: %s', async (startFor, milliseconds) => {
    const world = new Supervised([sleeper({ startFor })]).start()
    await world.clock.advance(milliseconds - 1)
    expect(world.states()).toEqual(['STARTING'])
    await world.clock.advance(1)
    expect(world.states()).toEqual(['STARTING', 'RUNNING'])
  })

  test('is RUNNING at once where startFor is 0', () => {
    const world = new Supervised([sleeper({ startFor: 0 })]).start()
    expect(world.states()).toEqual(['STARTING', 'RUNNING'])
  })

  test.each([
    ['an expected code', 'exit 0', { exitCode: 0, signal: null }],
    ['an unexpected code', 'exit 7', { exitCode: 7, signal: null }],
    ['a signal', 'kill -KILL $$', { exitCode: null, signal: 'SIGKILL' }],
  ])('is in BACKOFF where it ends before that with %s', async (_, script, ending) => {
    const world = new Supervised([sh(script)]).start()
    expect(await world.reaches('BACKOFF')).toMatchObject({
      from: 'STARTING',
      restartIn: 100,
      ...ending,
    })
    await world.clock.advance(100)
    // It may have ended again by now.
    expect(world.states().slice(0, 3)).toEqual(['STARTING', 'BACKOFF', 'STARTING'])
  })

  test('is in BACKOFF whatever its restart rule is: it has not been up yet', async () => {
    const world = new Supervised([sh('exit 0', { restart: 'never' })]).start()
    await world.reaches('BACKOFF')
    await world.clock.advance(100)
    // It may have ended again by now.
    expect(world.states().slice(0, 3)).toEqual(['STARTING', 'BACKOFF', 'STARTING'])
  })

  test('that could not be found is in BACKOFF, and tried again', async () => {
    const world = new Supervised([{ name: 'web', command: 'no-such-program' }]).start()
    expect(await world.reaches('BACKOFF')).toMatchObject({ pid: null, exitCode: null })
    await world.clock.advance(100)
    await world.reaches('BACKOFF', { nth: 2 })
    expect(world.states()).toEqual(['STARTING', 'BACKOFF', 'STARTING', 'BACKOFF'])
  })
})

describe('a start that fails again and again', () => {
  test.each([
    [undefined, 4],
    [1, 2],
    [0, 1],
  ])('with startRetries %s is FATAL after %d starts', async (startRetries, starts) => {
    const options = startRetries === undefined ? {} : { startRetries }
    const world = new Supervised([sh('exit 7', options)]).start()
    for (let nth = 1; nth < starts; nth++) {
      const { restartIn } = await world.reaches('BACKOFF', { nth })
      await world.clock.advance(restartIn ?? 0)
    }
    expect(await world.reaches('FATAL')).toMatchObject({ exitCode: 7, restartIn: null })
    await world.clock.advance(HOUR)
    expect(world.states().filter((state) => state === 'STARTING')).toHaveLength(starts)
    expect(world.states().at(-1)).toBe('FATAL')
  })

  test('is not begun anew by start()', async () => {
    const world = new Supervised([sh('exit 7', { startRetries: 0 })]).start()
    await world.reaches('FATAL')
    world.start()
    expect(world.states()).toEqual(['STARTING', 'FATAL'])
  })

  test('is counted from the beginning after one that succeeded', async () => {
    const flag = join(folder(), 'good')
    const script = `[ -e ${flag} ] && exec sleep 1000; exit 7`
    const world = new Supervised([sh(script, { startRetries: 1 })]).start()
    await world.reaches('BACKOFF')
    writeFileSync(flag, '')
    await world.clock.advance(100)
    await world.clock.advance(1000)
    expect(world.states().at(-1)).toBe('RUNNING')

    rmSync(flag)
    process.kill(world.pid(), 'SIGKILL')
    await world.clock.advance((await world.reaches('EXITED')).restartIn ?? 0)
    await world.clock.advance((await world.reaches('BACKOFF', { nth: 2 })).restartIn ?? 0)
    await world.reaches('FATAL')
    expect(world.states().slice(4)).toEqual([
      ...['EXITED', 'STARTING'],
      ...['BACKOFF', 'STARTING'],
      'FATAL',
    ])
  })
})

describe('a program that ends by itself from RUNNING', () => {
  const good = { ending: 'exit 0', what: 'an expected code' }
  const other = { ending: 'exit 3', what: 'a code of exitCodes', exitCodes: [0, 3] }
  const bad = { ending: 'exit 1', what: 'an unexpected code' }
  const zero = { ending: 'exit 0', what: '0 where it is not in exitCodes', exitCodes: [3] }
  const killed = { ending: 'kill -KILL $$', what: 'SIGKILL' }
  const byStopSignal = {
    ending: 'kill -TERM $$',
    what: 'SIGTERM, though 143 is an exit code',
    exitCodes: [0, 143],
  }

  test.each([
    ...[good, other, bad, zero, killed, byStopSignal].map((how) => ({
      ...how,
      restart: 'always' as const,
    })),
    ...[bad, zero, killed, byStopSignal].map((how) => ({ ...how, restart: 'unexpected' as const })),
  ])('with $what is EXITED and started again by restart $restart', async (how) => {
    const { ending, what: _, ...options } = how
    const world = new Supervised([sh(ending, { startFor: 0, ...options })]).start()
    expect(await world.reaches('EXITED')).toMatchObject({ from: 'RUNNING', restartIn: 100 })
    await world.clock.advance(99)
    expect(world.states()).toEqual(['STARTING', 'RUNNING', 'EXITED'])
    await world.clock.advance(1)
    // It may have ended again by now.
    expect(world.states().slice(3, 5)).toEqual(['STARTING', 'RUNNING'])
  })

  test.each([
    ...[good, other].map((how) => ({ ...how, restart: 'unexpected' as const })),
    ...[good, other, bad, zero, killed].map((how) => ({ ...how, restart: 'never' as const })),
  ])('with $what is EXITED for good by restart $restart', async (how) => {
    const { ending, what: _, ...options } = how
    const world = new Supervised([sh(ending, { startFor: 0, ...options })]).start()
    expect(await world.reaches('EXITED')).toMatchObject({ from: 'RUNNING', restartIn: null })
    await world.clock.advance(HOUR)
    world.start()
    expect(world.states()).toEqual(['STARTING', 'RUNNING', 'EXITED'])
    expect(world.clock.pending).toBe(0)
  })

  test('is restarted by restart unexpected where nothing was said', async () => {
    const world = new Supervised([sh('exit 1', { startFor: 0 })]).start()
    expect(await world.reaches('EXITED')).toMatchObject({ restartIn: 100 })
  })
})

describe('start()', () => {
  test('starts the lowest priority first, whatever the order in which they were given', () => {
    const world = new Supervised([
      sleeper({ name: 'web', priority: 30 }),
      sleeper({ name: 'db', priority: -1 }),
      sleeper({ name: 'other', priority: 30 }),
      sleeper({ name: 'usual' }),
      sleeper({ name: 'queue', priority: 2.5 }),
    ]).start()
    expect(world.changes.map(({ name }) => name)).toEqual(['db', 'queue', 'web', 'other', 'usual'])
  })

  test('called twice starts nothing twice', async () => {
    const world = new Supervised([sleeper({ startFor: 0 })]).start().start()
    expect(world.states()).toEqual(['STARTING', 'RUNNING'])
  })

  test('called while one waits for its restart leaves it waiting', async () => {
    const world = new Supervised([sh('exit 1')]).start()
    await world.reaches('BACKOFF')
    world.start()
    expect(world.states()).toEqual(['STARTING', 'BACKOFF'])
  })

  test('starts every instance, each with a name and a process of its own', () => {
    const world = new Supervised([sleeper({ instances: 3 })]).start()
    const { processes } = world.programs
    expect(processes.map(({ name }) => name)).toEqual(['web:0', 'web:1', 'web:2'])
    expect(new Set(processes.map(({ pid }) => pid)).size).toBe(3)
    expect(processes.every(({ program }) => program === 'web')).toBe(true)
  })
})
