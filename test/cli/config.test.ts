import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readConfig, shareTime } from '../../src/cli/config.ts'
import { createShutdown } from '../../src/index.ts'
import { type ProgramOptions, supervise } from '../../src/workers/index.ts'
import { failureOf, folder } from '../support/programs/command-line.ts'

/** A program of this priority, with this wait. */
const program = (name: string, priority?: number, stopWait?: ProgramOptions['stopWait']) => ({
  ...{ name, command: 'sleep' },
  ...(priority === undefined ? {} : { priority }),
  ...(stopWait === undefined ? {} : { stopWait }),
})
const waitsOf = (programs: readonly ProgramOptions[]) => programs.map(({ stopWait }) => stopWait)

describe('readConfig()', () => {
  test('reads the programs as they are, the grace in milliseconds, and the rule of the end', () => {
    const programs = [program('a', 2, '5s'), program('b')]
    const path = join(folder({ c: { grace: '10s', exitOn: 'any', programs } }), 'c')
    expect(readConfig(path)).toEqual({ grace: 10_000, exitOn: 'any', programs })
  })

  test('takes numbers as values of variables of any name', () => {
    const programs = [{ ...program('a'), env: { grace: '10', max: '5' } }]
    const path = join(folder({ c: { programs } }), 'c')
    expect(readConfig(path).programs).toEqual(programs)
  })

  test('has nothing for what the file leaves out', () => {
    const path = join(folder({ c: { programs: [program('a')] } }), 'c')
    expect(readConfig(path)).toMatchObject({ grace: undefined, exitOn: undefined })
  })

  const web = { name: 'web', command: 'sleep' }
  const cases: [string, unknown, string][] = [
    ['where it is empty', '', 'it is not JSON'],
    ['where it is cut off', '{ "programs": [', 'it is not JSON'],
    ['where it is an array', [web], 'got an array of 1'],
    ['where it is null', 'null', 'got null'],
    ['where it is a number', '7', 'got 7 (number)'],
    [
      'where its grace has no unit',
      { grace: 10, programs: [web] },
      'Expected `grace` to be a string with a unit, got 10 (number). Write "10s" for seconds or "10ms" for milliseconds.',
    ],
    [
      'where a wait has no unit',
      { programs: [web, { ...web, name: 'db', stopWait: 5 }] },
      'Expected `programs[1].stopWait` to be a string with a unit, got 5 (number). Write "5s"',
    ],
    [
      'where a delay has no unit',
      { programs: [{ ...web, backoff: { max: 60 } }] },
      'Expected `programs[0].backoff.max` to be a string with a unit, got 60 (number).',
    ],
    ['where it has no programs', {}, 'Expected `programs` to be an array of programs'],
    ['where its programs are none', { programs: [] }, 'got an array of 0'],
    ['where its programs are an object', { programs: { web } }, 'got an object (Object)'],
    ['with an unknown key', { programs: [web], signal: 'TERM' }, 'Unknown option `signal`'],
    [
      'with an unknown key of a program',
      { programs: [{ ...web, cmd: 'x' }] },
      'Unknown option `cmd` of `programs[0]`. Did you mean `command`?',
    ],
    ['with a program that is null', { programs: [web, null] }, '`programs[1]` to be an object'],
    ['without a name', { programs: [{ command: 'touch' }] }, '`programs[0].name`'],
    ['without a command', { programs: [{ name: 'web' }] }, '`programs[0].command`'],
    [
      'with a name twice',
      { programs: [web, web] },
      '`programs[1].name` to be a name that no other',
    ],
    ['with arguments in one string', { programs: [{ ...web, args: 'a b' }] }, '`programs[0].args`'],
    [
      'with a number for an argument',
      { programs: [{ ...web, args: [1] }] },
      '`programs[0].args[0]`',
    ],
    [
      'with a number in env',
      { programs: [{ ...web, env: { PORT: 1 } }] },
      '`programs[0].env.PORT`',
    ],
    [
      'with half an instance',
      { programs: [{ ...web, instances: 0.5 }] },
      '`programs[0].instances`',
    ],
    [
      'with a signal by half its name',
      { programs: [{ ...web, stopSignal: 'QUIT' }] },
      "Write 'SIGQUIT'",
    ],
    [
      'with a wait without a unit',
      { programs: [{ ...web, stopWait: '5' }] },
      '`programs[0].stopWait`',
    ],
    ['with a grace without a unit', { programs: [web], grace: '10' }, "or '10s' for seconds"],
    [
      'with a grace below zero',
      { programs: [web], grace: '-1s' },
      'Expected `grace` to be a duration',
    ],
  ]
  test.each(cases)('names the file and the place %s', (_, config, told) => {
    const path = join(folder({ c: config }), 'c')
    const { code, message } = failureOf(() => readConfig(path))
    expect(code).toBe(125)
    expect(message.slice(0, path.length + 2)).toBe(`${path}: `)
    expect(message).toContain(told)
  })
})

test.each([
  ['{\n  "programs": [],\n  "env": { "DB_PASSWORD": hunter2 }\n}', / from line [23] on$/],
  ['{\n  "env": { "DB_PASSWORD": "hunter2", }\n}', / from line 2 on: Expected .+$/],
  ['hunter2', / from line 1 on$/],
  ['{}\n hunter2', / from line 2 on: Unexpected .+$/],
  ['{ "env": { "DB_PASSWORD": "hunter2"', /it ends too early$|: Expected .+$/],
])('a file that is not JSON is refused with the line, and without its text: %j', (text, place) => {
  const path = join(folder({ c: text }), 'c')
  const { code, message } = failureOf(() => readConfig(path))
  expect(code).toBe(125)
  expect(message).toContain(`${path}: it is not JSON`)
  expect(message).toMatch(place)
  expect(message).not.toContain('hunter')
})

describe('shareTime()', () => {
  test('gives a program all that the margin and the handovers leave', () => {
    // 10 s less a margin of 1 s and 10 ms for each of two handovers.
    expect(waitsOf(shareTime([program('a')], 10_000))).toEqual([8980])
  })

  test('gives programs of one priority the same time, for they end together', () => {
    expect(waitsOf(shareTime([program('a', 1), program('b', 1)], 10_000))).toEqual([8980, 8980])
  })

  test('shares it among the priorities', () => {
    expect(waitsOf(shareTime([program('a', 1), program('b', 2)], 10_000))).toEqual([4485, 4485])
  })

  test('leaves the waits that were asked for, and shares the rest', () => {
    const programs = [
      program('a', 3, '2s'),
      program('b', 2),
      program('c', 1, 1000),
      program('d', 0),
    ]
    expect(waitsOf(shareTime(programs, 10_000))).toEqual(['2s', 2975, 1000, 2975])
  })

  test('gives one without a wait what the longest of its priority has asked for', () => {
    const programs = [program('a', 1, '2s'), program('b', 1), program('c', 1, '3s')]
    expect(waitsOf(shareTime(programs, 10_000))).toEqual(['2s', 3000, '3s'])
  })

  test('takes the usual priority for the same as the number that it is', () => {
    expect(waitsOf(shareTime([program('a'), program('b', 999, '2s')], 10_000))).toEqual([
      2000,
      '2s',
    ])
  })

  test.each([
    ['the whole budget', '9s', 10_000],
    ['more than there is', '1m', 10_000],
    ['all but the handovers', '970ms', 1000],
  ] as const)('refuses programs to which the others leave nothing: %s', (_, wait, grace) => {
    const programs = [program('a', 1, wait), program('b', 2), program('c', 3)]
    const { code, message } = failureOf(() => shareTime(programs, grace))
    expect(code).toBe(125)
    expect(message).toContain('leaves no time for b, c: give them less, or a longer grace')
  })

  test('changes neither the programs that it is given nor their order', () => {
    const programs = [program('a', 1), program('b', 2, '1s')]
    const before = structuredClone(programs)
    const shared = shareTime(programs, 10_000)
    expect(programs).toEqual(before)
    expect(shared.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('gives shares that always fit the budget', () => {
    for (const grace of [1000, 1600, 5000, 10_000, 30_000, 90_000, 2 ** 31 - 1]) {
      for (let count = 1; count <= 8; count++) {
        const programs = Array.from({ length: count }, (_, index) => program(`p${index}`, index))
        const shutdown = createShutdown({ grace, exit: false })
        expect(() => shutdown.add(supervise(shareTime(programs, grace)))).not.toThrow()
      }
    }
  })

  test('leaves what does not fit to be refused with the sum', () => {
    const programs = [program('a', 1, '6s'), program('b', 2, '5s')]
    const shutdown = createShutdown({ grace: '10s', exit: false })
    expect(() => shutdown.add(supervise(shareTime(programs, 10_000)))).toThrow('add up to 11 s')
  })
})
