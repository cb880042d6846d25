import { describe, expect, test } from 'vitest'
import type { Hook } from '../../src/engine/hook.ts'
import { taskTracker } from '../../src/workers/task-tracker.ts'
import { errorOf } from '../support/hooks/error-of.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'

function named(name: string): Hook {
  return { name, phase: 'stop', run: () => {} }
}

/** The names of the hooks that a shutdown has, in the order of their adding. */
async function hooksIn({ shutdown }: ReturnType<typeof virtualShutdown>): Promise<string[]> {
  const { phases } = await shutdown.now()
  return phases.flatMap((phase) => phase.hooks.map((hook) => hook.name))
}

describe('add() takes anything that iterates over hooks:', () => {
  test.each<[string, () => Iterable<Hook>]>([
    ['an array', () => [named('a'), named('b')]],
    ['a Set', () => new Set([named('a'), named('b')])],
    [
      'the values of a Map',
      () => new Map([['a', named('a')] as const, ['b', named('b')]]).values(),
    ],
    [
      'a generator',
      function* () {
        yield named('a')
        yield named('b')
      },
    ],
    [
      'an object with an iterator',
      () => ({
        *[Symbol.iterator]() {
          yield* [named('a'), named('b')]
        },
      }),
    ],
    [
      'one without a prototype',
      () =>
        Object.assign(Object.create(null), {
          *[Symbol.iterator]() {
            yield* [named('a'), named('b')]
          },
        }),
    ],
  ])('%s', async (_, make) => {
    const world = virtualShutdown()
    const remove = world.shutdown.add(make())
    expect(typeof remove).toBe('function')
    expect(await hooksIn(world)).toEqual(['a', 'b'])
  })

  test('two trackers of different names', async () => {
    const world = virtualShutdown()
    world.shutdown.add(taskTracker())
    world.shutdown.add(taskTracker({ name: 'mails' }))
    expect(await hooksIn(world)).toEqual(['tasks', 'mails'])
  })

  test('what several adapters return, within each other', async () => {
    const world = virtualShutdown()
    world.shutdown.add([[named('a')], taskTracker(), named('b'), new Set([[named('c')]])])
    expect(await hooksIn(world)).toEqual(['a', 'tasks', 'b', 'c'])
  })

  test('nothing, where it is empty', async () => {
    const world = virtualShutdown()
    expect(world.shutdown.add(new Set())()).toBe(false)
    expect(await hooksIn(world)).toEqual([])
  })

  test('and removes all of them, once', async () => {
    const world = virtualShutdown()
    const remove = world.shutdown.add(new Set([named('a'), named('b')]))
    expect(remove()).toBe(true)
    expect(remove()).toBe(false)
    expect(await hooksIn(world)).toEqual([])
  })

  test('also during the shutdown: a late hook runs', async () => {
    const world = virtualShutdown()
    const late = taskTracker()
    world.shutdown.add({
      name: 'first',
      phase: 'flush',
      run: () => void world.shutdown.add(late),
    })
    const names = await hooksIn(world)
    expect(names).toContain('tasks')
    expect(late.isClosed).toBe(true)
  })
})

describe('add() refuses', () => {
  test.each<[string, unknown, string]>([
    ['a string, which iterates over no hooks', 'drain', "`run of hook 'drain'`"],
    ['a number', 7, '7 (number)'],
    ['a boolean', true, 'true (boolean)'],
    ['a symbol', Symbol('x'), 'Symbol(x) (symbol)'],
    ['null', null, 'got null'],
    ['nothing', undefined, 'got undefined'],
    ['a generator function that was not called', function* hooks() {}, 'a function named hooks'],
    ['an array of strings', ['drain'], "'drain' (string)"],
    ['a Set of numbers', new Set([7]), '7 (number)'],
    ['a Map of hooks', new Map([['a', named('a')]]), "'a' (string)"],
    ['bytes', new Uint8Array(1), '0 (number)'],
    ['an array with a hole', new Array(1), 'got undefined'],
  ])('%s', async (_, what, message) => {
    const world = virtualShutdown()
    const error = errorOf(() => world.shutdown.add(what as never))
    expect(error.code).toBe('LASTCALL_INVALID_OPTION')
    expect(error.message).toContain(message)
    expect(await hooksIn(world)).toEqual([])
  })

  test('all of them where one is wrong, and the names are free again', async () => {
    const world = virtualShutdown()
    const mixed = new Set([named('a'), { name: 'b', phase: 'nowhere', run: () => {} }])
    expect(errorOf(() => world.shutdown.add(mixed)).code).toBe('LASTCALL_UNKNOWN_PHASE')
    world.shutdown.add(named('a'))
    expect(await hooksIn(world)).toEqual(['a'])
  })

  test('all of them where the iterator throws, with what it throws', async () => {
    const world = virtualShutdown()
    function* hooks() {
      yield named('a')
      throw new Error('no more')
    }
    expect(() => world.shutdown.add(hooks())).toThrow('no more')
    expect(await hooksIn(world)).toEqual([])
  })

  test('one hook twice, because names are unique', () => {
    const { shutdown } = virtualShutdown()
    const hook = named('a')
    expect(errorOf(() => shutdown.add([hook, hook])).code).toBe('LASTCALL_NAME_TAKEN')
  })

  test('a second tracker of the same name, and names it', () => {
    const { shutdown } = virtualShutdown()
    shutdown.add(taskTracker())
    const error = errorOf(() => shutdown.add(taskTracker()))
    expect(error.code).toBe('LASTCALL_NAME_TAKEN')
    expect(error.message).toContain("'tasks'")
  })

  test('the same tracker a second time', () => {
    const { shutdown } = virtualShutdown()
    const jobs = taskTracker()
    shutdown.add(jobs)
    expect(errorOf(() => shutdown.add(jobs)).code).toBe('LASTCALL_NAME_TAKEN')
  })

  test('options beside several: each carries its own', () => {
    const { shutdown } = virtualShutdown()
    const add = shutdown.add as (...given: unknown[]) => unknown
    expect(errorOf(() => add(new Set([named('a')]), { phase: 'stop' })).message).toContain(
      '`options`',
    )
    expect(errorOf(() => add(taskTracker(), { name: 'mails' })).message).toContain('`options`')
  })

  test('a tracker in a phase that does not exist', () => {
    const { shutdown } = virtualShutdown()
    const add = () => shutdown.add(taskTracker({ phase: 'work' }))
    expect(errorOf(add).code).toBe('LASTCALL_UNKNOWN_PHASE')
  })
})
