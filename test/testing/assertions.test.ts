import { AssertionError } from 'node:assert'
import type { Report } from 'lastcall'
import {
  createTestShutdown,
  expectBefore,
  expectCutOff,
  expectOrder,
  expectTimeFor,
  expectTogether,
  type ShutdownMatchers,
  shutdownMatchers,
} from 'lastcall/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { errorOf } from '../support/hooks/error-of.ts'

let report: Report

/** `http` hangs to its limit of 6.08 s, `jobs` is done after 2 s, `events` fails after 100 ms. */
beforeAll(async () => {
  const { shutdown, sleep, signal, advance, ended } = createTestShutdown({ grace: '10s' })
  shutdown.add([
    { name: 'http', phase: 'drain', run: () => new Promise(() => {}) },
    { name: 'jobs', phase: 'drain', run: () => sleep('2s') },
    { name: 'late', phase: 'drain', run: () => sleep('1s'), timeout: '2s' },
    {
      name: 'events',
      phase: 'flush',
      reserve: '2s',
      run: async () => {
        await sleep('100ms')
        throw new Error('disk full')
      },
    },
    { name: 'postgres', phase: 'close', run: () => {} },
    { name: 'redis', phase: 'close', run: () => {} },
  ])
  shutdown.listen()
  await signal('SIGTERM')
  await advance('10s')
  report = await ended
})

/** What an expectation fails with. */
function failureOf(expectation: () => void): string {
  try {
    expectation()
  } catch (error) {
    expect(error).toBeInstanceOf(AssertionError)
    // The first line of the stack is the test's own.
    expect((error as Error).stack?.split('\n    at ')[1]).toContain('assertions.test.ts')
    return (error as Error).message
  }
  throw new Error('was met')
}

const PICTURE = /\n\nSIGTERM → exit code 124 \(cut off\)[\s\S]*\n {2}drain +http +█+/

describe('the order', () => {
  test.each([
    [['http', 'events', 'postgres']],
    [['http', 'postgres']],
    [['jobs']],
    [[['jobs', 'http'], 'events', ['redis', 'postgres']]],
    [[['late', 'http', 'jobs'], 'redis']],
  ])('is as expected: %j', (order) => {
    expectOrder(report, order)
    expect(shutdownMatchers.toHaveRunInOrder(report, order).pass).toBe(true)
  })

  test.each([
    [['events', 'http'], "'http' began at 0 ms, and 'events' ran from 6.08 s to 6.18 s"],
    [['jobs', 'http'], "'http' began at 0 ms, and 'jobs' ran from 0 ms to 2 s"],
    [['postgres', 'redis'], "'redis' began at 6.18 s, and 'postgres' ran from 6.18 s to 6.18 s"],
    [[['jobs', 'events'], 'http'], "'http' began at 0 ms, and 'jobs' ran from 0 ms to 2 s"],
    [['http', ['postgres', 'jobs']], "'jobs' began at 0 ms, and 'http' ran from 0 ms to 6.08 s"],
  ])('is not: %j', (order, because) => {
    const message = failureOf(() => expectOrder(report, order))
    expect(message).toContain('Expected the hooks to run in the order ')
    expect(message).toContain(`, but ${because}`)
    expect(message).toMatch(PICTURE)
  })

  test('of two', () => {
    expectBefore(report, 'http', 'events')
    expect(failureOf(() => expectBefore(report, 'events', 'http'))).toMatch(
      /^Expected the hooks to run in the order events → http, but 'http' began at 0 ms/,
    )
  })
})

describe('running together', () => {
  test.each([[['http', 'jobs']], [['jobs', 'late', 'http']], [['postgres', 'redis']]])(
    'is what %j did',
    (names) => {
      expectTogether(report, names)
    },
  )

  test.each([[['http', 'events']], [['jobs', 'http', 'postgres']], [['redis', 'jobs']]])(
    'is not what %j did',
    (names) => {
      const message = failureOf(() => expectTogether(report, names))
      expect(message).toMatch(/^Expected '.*' and '.*' to run together, but '\w+' began at/)
      expect(message).toMatch(PICTURE)
    },
  )
})

test('what was cut off, and what was not', () => {
  expectCutOff(report, 'http')
  expect(failureOf(() => expectCutOff(report, 'jobs'))).toMatch(
    /^Expected 'jobs' to be cut off, but it was done after 2 s of 6\.08 s\.\n\n/,
  )
  expect(failureOf(() => expectCutOff(report, 'events'))).toContain(
    'but it failed after 100 ms of 2.01 s.',
  )
})

test('how much time one had', () => {
  expectTimeFor(report, 'events', '2s')
  expectTimeFor(report, 'late', 2000)
  expect(failureOf(() => expectTimeFor(report, 'late', '2.1s'))).toMatch(
    /^Expected 'late' to have at least 2\.1 s, but its limit was 2 s\./,
  )
})

test('times that differ look different in the message', () => {
  const [phase, ...others] = report.phases
  const hook = { ...phase?.hooks[0], name: 'close', began: 7093, ended: 14_183.4, limit: 7094 }
  const after = { ...hook, name: 'after', began: 14_183.1, ended: 14_184, status: 'done' }
  const hooks = [{ ...hook, status: 'done' }, after]
  const changed = { ...report, phases: [{ ...phase, hooks }, ...others] } as unknown as Report
  expect(failureOf(() => expectTimeFor(changed, 'close', 7094.5))).toMatch(
    /^Expected 'close' to have at least 7094\.5 ms, but its limit was 7094 ms\./,
  )
  expect(failureOf(() => expectCutOff(changed, 'close'))).toContain('after 7090.4 ms of 7094 ms.')
  expect(failureOf(() => expectBefore(changed, 'close', 'after'))).toContain(
    "'after' began at 14183.1 ms, and 'close' ran from 7093 ms to 14183.4 ms.",
  )
})

test('one that never ran has no place, and had no time', () => {
  const never = { ...report.phases[0]?.hooks[0], name: 'never', began: null, status: 'cut off' }
  const others = report.phases.slice(1)
  const without = { ...report, phases: [{ ...report.phases[0], hooks: [never] }, ...others] }
  const changed = without as unknown as Report
  const because = "but 'never' never ran: the deadline had passed."
  expect(failureOf(() => expectOrder(changed, ['never', 'events']))).toContain(because)
  expect(failureOf(() => expectTogether(changed, ['events', 'never']))).toContain(because)
  expect(failureOf(() => expectTimeFor(changed, 'never', 1))).toContain(because)
  expectCutOff(changed, 'never')
})

describe('the matchers', () => {
  expect.extend(shutdownMatchers)

  test('pass', () => {
    expect(report).toHaveRunInOrder(['http', 'events', 'postgres'])
    expect(report).toHaveRunBefore('jobs', 'events')
    expect(report).toHaveRunTogether(['http', 'jobs'])
    expect(report).toHaveCutOff('http')
    expect(report).toHaveGivenTime('events', '2s')
    expect(report).not.toHaveRunInOrder(['events', 'http'])
    expect(report).not.toHaveRunBefore('events', 'jobs')
    expect(report).not.toHaveRunTogether(['http', 'events'])
    expect(report).not.toHaveCutOff('jobs')
    expect(report).not.toHaveGivenTime('late', '3s')
  })

  test('fail with the picture, also with not', () => {
    const wrong = () => expect(report).toHaveRunBefore('events', 'http')
    expect(wrong).toThrow("in the order events → http, but 'http' began at 0 ms")
    expect(wrong).toThrow(PICTURE)
    const not = () => expect(report).not.toHaveCutOff('http')
    expect(not).toThrow("Expected that not: 'http' to be cut off, but it was, after 6.08 s.")
    expect(not).toThrow(PICTURE)
  })

  test('refuse what is no report, also with not', () => {
    expect(() => expect(undefined).not.toHaveCutOff('http')).toThrow('There is no report')
    expect(() => expect(report).not.toHaveCutOff('htpp')).toThrow("There is no hook 'htpp'")
  })
})

describe('what is refused', () => {
  test('a report that is not there yet, and what is none', () => {
    expect(() => expectOrder(undefined, ['http'])).toThrow(
      /There is no report: the shutdown is not over.*await advance/,
    )
    expect(() => expectCutOff(Promise.resolve(report) as never, 'http')).toThrow('Await it.')
    for (const wrong of [null, 'SIGTERM', 7, {}, { phases: 1 }]) {
      expect(() => expectCutOff(wrong as never, 'http')).toThrow(
        /Expected a report, got .* Pass the `report`/,
      )
    }
  })

  test('a hook that there is none of', () => {
    expect(() => expectOrder(report, ['http', 'htpp'])).toThrow(
      "There is no hook 'htpp' in the report. There are: 'http', 'jobs', 'late', 'events', 'postgres', 'redis'.",
    )
  })

  test('any hook, where none has run', () => {
    expect(() => expectCutOff({ ...report, phases: [] }, 'http')).toThrow(
      "There is no hook 'http' in the report. There are: none.",
    )
  })

  test.each([
    ['order', () => expectOrder(report, 'http' as never)],
    ['order', () => expectOrder(report, [])],
    ['order', () => expectOrder(report, ['postgres', [], 'http'])],
    ['order', () => expectOrder(report, ['http', ['http']])],
    ['names', () => expectTogether(report, ['http', 'http'])],
    ['name', () => expectCutOff(report, ['http'] as never)],
    ['names', () => expectTogether(report, ['http'])],
    ['names', () => expectTogether(report, 'http' as never)],
    ['atLeast', () => expectTimeFor(report, 'http', '2 s' as never)],
  ])('%s that is none', (option, attempt) => {
    const { code, message } = errorOf(attempt)
    expect(code).toBe('LASTCALL_INVALID_OPTION')
    expect(message).toContain(`\`${option}\``)
  })
})

declare module 'vitest' {
  interface Matchers<T> extends ShutdownMatchers<T> {}
}
