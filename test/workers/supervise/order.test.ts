import type { Shutdown, ShutdownOptions } from 'lastcall'
import { describe, expect, test } from 'vitest'
import { virtualShutdown } from '../../support/hooks/virtual.ts'
import {
  deaf,
  isAlive,
  onSignal,
  Supervised,
  sh,
  sleeper,
  stateOf,
} from '../../support/programs/programs.ts'
import { hookOf, until } from '../../support/service.ts'

/** A shutdown with a budget of 9 s, in which time stands still. */
function shutdownOf(world: Supervised, options: ShutdownOptions = {}): Shutdown {
  const { shutdown } = virtualShutdown({ exit: false, grace: '10s', log: false, ...options }, world)
  shutdown.add(world.programs)
  return shutdown
}

/** What happened from the first STOPPING on. */
function ends(world: Supervised): string[] {
  return world.story.slice(world.story.findIndex((what) => what.endsWith('STOPPING')))
}

describe('programs of several priorities', () => {
  test('stop one after another, the highest first', async () => {
    const world = new Supervised([
      sleeper({ name: 'db', priority: 1 }),
      sleeper({ name: 'web', priority: 30 }),
      sleeper({ name: 'queue', priority: 2.5 }),
      sleeper({ name: 'proxy' }),
      sleeper({ name: 'negative', priority: -7 }),
    ]).start()
    expect(await shutdownOf(world).now()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(ends(world)).toEqual(
      ['proxy', 'web', 'queue', 'db', 'negative'].flatMap((name) => [
        `${name} STOPPING`,
        `${name} STOPPED`,
      ]),
    )
  })

  test('stop after the drain and before the flush', async () => {
    const world = new Supervised([
      sleeper({ name: 'db', priority: 1 }),
      sleeper({ name: 'web', priority: 2 }),
    ]).start()
    const shutdown = shutdownOf(world)
    const note = (name: string) => () => void world.changes.push({ name, to: 'ran' } as never)
    shutdown.add({ name: 'http', phase: 'drain', run: note('http') })
    shutdown.add({ name: 'events', phase: 'flush', run: note('events') })
    await shutdown.now()
    expect(world.story.slice(2)).toEqual([
      'http ran',
      ...['web STOPPING', 'web STOPPED', 'db STOPPING', 'db STOPPED'],
      'events ran',
    ])
  })

  test('that are the same stop together, and the next when the last of them has ended', async () => {
    const slow = { priority: 2, stopSignal: 'SIGURG' } as const
    const world = new Supervised([
      onSignal('USR2', 'exit 0', { name: 'slow', ...slow }),
      sleeper({ name: 'quick', priority: 2 }),
      sleeper({ name: 'db', priority: 1, startFor: 0 }),
    ]).start()
    await world.stdout.says('ready')
    const report = shutdownOf(world).now()
    await world.reaches('STOPPED', { name: 'quick' })
    await world.clock.advance(3000)
    expect(ends(world)).toEqual(['slow STOPPING', 'quick STOPPING', 'quick STOPPED'])
    process.kill(world.pid('slow'), 'SIGUSR2')
    await report
    expect(ends(world).slice(3)).toEqual(['slow STOPPED', 'db STOPPING', 'db STOPPED'])
  })

  test('stop in their order where they number a hundred', async () => {
    const programs = Array.from({ length: 100 }, (_, priority) =>
      sleeper({ name: `p${priority}`, priority }),
    )
    const world = new Supervised(programs)
    const began: string[] = []
    const shutdown = shutdownOf(world)
    shutdown.on('hook:start', ({ hook }) => began.push(hook))
    await shutdown.now()
    expect(began.slice(1)).toEqual(programs.map(({ name }) => name).reverse())
  })

  test('stop together as the instances of one program', async () => {
    const world = new Supervised([sleeper({ instances: 3 })]).start()
    await shutdownOf(world).now()
    expect(ends(world).slice(0, 3)).toEqual(['web:0 STOPPING', 'web:1 STOPPING', 'web:2 STOPPING'])
    expect(ends(world)).toHaveLength(6)
  })
})

describe('a program that does not end in its stopWait', () => {
  test('is killed then, and not before, with all of its process group, and others are not', async () => {
    const family = sh(
      `trap '' TERM; sleep 1000 & echo child $!; sh -c 'sleep 1000 & wait' & wait`,
      {
        stopWait: '2s',
        priority: 2,
      },
    )
    const world = new Supervised([family, sleeper({ name: 'db', priority: 1 })]).start()
    const child = Number(await world.stdout.says(/child (\d+)/))
    const pid = world.pid()
    const shutdown = shutdownOf(world)
    const report = shutdown.now()
    await world.reaches('STOPPING')
    await world.clock.advance(1999)
    expect([isAlive(pid), isAlive(child)]).toEqual([true, true])
    expect(world.states('db')).toEqual(['STARTING', 'RUNNING'])

    await world.clock.advance(1)
    expect(await world.reaches('STOPPED')).toMatchObject({ signal: 'SIGKILL', exitCode: null })
    await until(() => !isAlive(child))
    const done = await report
    expect(done).toMatchObject({ outcome: 'cut off', exitCode: 124 })
    expect(hookOf(done, 'web')).toMatchObject({
      status: 'cut off',
      limit: 2000,
      notes: [`killed: child 'web' (pid ${pid}), 2 s after SIGTERM`],
    })
    expect(hookOf(done, 'db')).toMatchObject({ status: 'done', notes: [] })
    expect(world.states('db').slice(-2)).toEqual(['STOPPING', 'STOPPED'])
  })

  test('leaves the others of its priority their own time', async () => {
    const world = new Supervised([
      deaf({ name: 'deaf', stopWait: '1s' }),
      onSignal('USR2', 'exit 0', { name: 'slow', stopSignal: 'SIGURG', stopWait: '8s' }),
    ]).start()
    await Promise.all([world.stdout.says('deaf | ready'), world.stdout.says('slow | ready')])
    const report = shutdownOf(world).now()
    await world.clock.advance(1000)
    await world.reaches('STOPPED', { name: 'deaf' })
    await world.clock.advance(6000)
    process.kill(world.pid('slow'), 'SIGUSR2')
    const done = await report
    expect(hookOf(done, 'deaf')).toMatchObject({ status: 'cut off' })
    expect(hookOf(done, 'slow')).toMatchObject({ status: 'done', ended: 7000 })
  })

  test.each(['SIGINT', 'SIGURG'] as const)(
    'is killed where %s does nothing to it',
    async (stopSignal) => {
      const program = sh(`trap '' INT; echo ready; exec sleep 1000`, { stopSignal, stopWait: '1s' })
      const world = new Supervised([program]).start()
      await world.stdout.says('ready')
      const report = shutdownOf(world).now()
      await world.clock.advance(1000)
      expect(await world.reaches('STOPPED')).toMatchObject({ signal: 'SIGKILL' })
      expect((await report).exitCode).toBe(124)
    },
  )

  test('is killed also where SIGSTOP holds it', async () => {
    const world = new Supervised([sleeper({ stopWait: '1s' })]).start()
    const pid = world.pid()
    process.kill(pid, 'SIGSTOP')
    await until(() => stateOf(pid) === 'T') // Of two signals at once SIGTERM is the first.
    const report = shutdownOf(world).now()
    await world.clock.advance(1000)
    expect(await world.reaches('STOPPED')).toMatchObject({ signal: 'SIGKILL' })
    expect((await report).exitCode).toBe(124)
  })
})

describe('the time that programs reserve', () => {
  test('is whole for the lower priorities, however long a higher one hangs', async () => {
    const world = new Supervised([
      deaf({ name: 'web', priority: 3 }),
      deaf({ name: 'queue', priority: 2, stopWait: '2s' }),
      onSignal('USR2', 'exit 0', { name: 'db', priority: 1, stopSignal: 'SIGURG', stopWait: '4s' }),
    ]).start()
    for (const name of ['web  ', 'queue', 'db   ']) await world.stdout.says(`${name} | ready`)
    const report = shutdownOf(world).now()
    // The budget is 9 s: 3 s less the handovers are left for the first.
    await world.clock.advance(2980)
    expect(await world.reaches('STOPPED', { name: 'web' })).toMatchObject({ signal: 'SIGKILL' })
    await world.clock.advance(2000)
    await world.reaches('STOPPED', { name: 'queue' })
    await world.clock.advance(3999)
    expect(world.states('db').at(-1)).toBe('STOPPING')
    process.kill(world.pid('db'), 'SIGUSR2')
    const done = await report
    expect(['web', 'queue', 'db'].map((name) => hookOf(done, name)?.status)).toEqual([
      'cut off',
      'cut off',
      'done',
    ])
    expect(hookOf(done, 'db')).toMatchObject({ limit: 4000 })
  })

  test('is whole also where the drain hangs', async () => {
    const world = new Supervised([deaf({ stopWait: '6s' })]).start()
    await world.stdout.says('ready')
    const shutdown = shutdownOf(world)
    shutdown.add({ name: 'hung', phase: 'drain', run: () => new Promise(() => {}) })
    const report = shutdown.now()
    await world.clock.advance(3000)
    expect(world.states().at(-1)).toBe('STOPPING')
    await world.clock.advance(6000)
    expect(hookOf(await report, 'web')).toMatchObject({ status: 'cut off', limit: 6000 })
  })

  test('is refused by add() where the sum of the priorities exceeds the budget, and the error names the sum', () => {
    const world = new Supervised([
      sleeper({ name: 'web', priority: 2, stopWait: '5s' }),
      sleeper({ name: 'db', priority: 1, stopWait: '4.5s' }),
    ])
    const { shutdown } = virtualShutdown({ grace: '10s' }, world)
    expect(() => shutdown.add(world.programs)).toThrow(
      expect.objectContaining({
        code: 'LASTCALL_RESERVES_TOO_LARGE',
        message: expect.stringMatching(
          /add up to 9\.5 s \(priority 300\.001 \('web'\) 5 s \+ stop 4\.5 s\), more than the budget of 9 s/,
        ),
      }),
    )
  })

  test('is refused whole: nothing of it was added', async () => {
    const world = new Supervised([
      sleeper({ name: 'web', priority: 2, stopWait: '5s' }),
      sleeper({ name: 'db', priority: 1, stopWait: '4.5s' }),
    ])
    const { shutdown } = virtualShutdown({ exit: false, grace: '10s' }, world)
    expect(() => shutdown.add(world.programs)).toThrow()
    expect((await shutdown.now()).phases).toEqual([])
  })

  test('is accepted where the same waits are of one priority, for these run together', () => {
    const world = new Supervised([
      sleeper({ name: 'web', priority: 2, stopWait: '5s' }),
      sleeper({ name: 'db', priority: 2, stopWait: '4.5s' }),
    ])
    expect(() => shutdownOf(world)).not.toThrow()
  })

  test('is accepted where it fills the budget, and refused for one millisecond more', () => {
    const programs = (web: number) => [
      sleeper({ name: 'web', priority: 2, stopWait: web }),
      sleeper({ name: 'db', priority: 1, stopWait: '4s' }),
    ]
    expect(() => shutdownOf(new Supervised(programs(5000)))).not.toThrow()
    expect(() => shutdownOf(new Supervised(programs(5001)))).toThrow('add up to 9 s')
  })

  test('counts once for the instances of one program', () => {
    expect(() =>
      shutdownOf(new Supervised([sleeper({ instances: 5, stopWait: '8s' })])),
    ).not.toThrow()
  })
})
