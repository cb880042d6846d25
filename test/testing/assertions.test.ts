import { AssertionError } from 'node:assert'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Report } from 'lastcall'
import {
  createTestShutdown,
  expectBefore,
  expectCleanEnd,
  expectCutOff,
  expectEndWithin,
  expectOrder,
  expectPlanFits,
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

function thrownBy(attempt: () => unknown): Error {
  try {
    attempt()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
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
    expectOrder(report, order, { endedBy: 'any' })
    expect(shutdownMatchers.toHaveRunInOrder(report, order, { endedBy: 'any' }).pass).toBe(true)
  })

  test.each([
    [
      ['events', 'http'],
      "'http' is in the phase drain, which runs before the phase flush of 'events' ('http' began at 0 ms, and 'events' ran from 6.08 s to 6.18 s).",
    ],
    [
      ['jobs', 'http'],
      "'jobs' and 'http' are both in the phase drain, and the hooks of one phase run together ('http' began at 0 ms, and 'jobs' ran from 0 ms to 2 s). To run 'jobs' before 'http', give it an earlier phase.",
    ],
    [
      ['postgres', 'redis'],
      "'postgres' and 'redis' are both in the phase close, and the hooks of one phase run together ('redis' began at 6.18 s, and 'postgres' ran from 6.18 s to 6.18 s).",
    ],
    [[['jobs', 'events'], 'http'], "'jobs' and 'http' are both in the phase drain"],
    [['http', ['postgres', 'jobs']], "'http' and 'jobs' are both in the phase drain"],
    [
      ['http', 'events'],
      "'http' was cut off at 6.08 s: it may still have been at work when 'events' began. If the order alone counts, pass { endedBy: 'any' }.",
    ],
    [
      ['events', 'redis'],
      "'events' failed at 6.18 s (Error: disk full): it had not done its work when 'redis' began. If the order alone counts, pass { endedBy: 'any' }.",
    ],
  ])('is not: %j', (order, because) => {
    const message = failureOf(() => expectOrder(report, order))
    expect(message).toContain('Expected the hooks to run in the order ')
    expect(message).toContain(`, but ${because}`)
    expect(message).toMatch(PICTURE)
  })

  test('of two', () => {
    expectBefore(report, 'late', 'events')
    expectBefore(report, 'http', 'events', { endedBy: 'any' })
    expect(failureOf(() => expectBefore(report, 'http', 'events'))).toContain('may still have been')
    expect(failureOf(() => expectBefore(report, 'events', 'http'))).toMatch(
      /^Expected the hooks to run in the order events → http, but 'http' is in the phase drain/,
    )
  })

  test('of hooks that take no time names their phases', async () => {
    const { shutdown, run } = createTestShutdown()
    shutdown.add('jobs', () => {})
    shutdown.add('postgres', () => {})
    shutdown.add('metrics', () => {}, { priority: 50 })
    shutdown.listen()
    const mocks = await run()
    expect(failureOf(() => expectOrder(mocks, ['jobs', 'postgres']))).toContain(
      "but 'jobs' and 'postgres' are both in the phase close, and the hooks of one phase run together",
    )
    expect(failureOf(() => expectOrder(mocks, ['metrics', 'jobs']))).toContain(
      "but 'jobs' is in the phase close, which runs before priority 50 of 'metrics'",
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
      expect(message).toMatch(
        /^Expected '.*' and '.*' to run together, but '\w+' is in the phase \w+ and '\w+' is in the phase \w+, and phases run one after another \('\w+' began at/,
      )
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

test('a clean end', async () => {
  expect(failureOf(() => expectCleanEnd(report))).toMatch(
    /^Expected the shutdown to end clean, but 'http' \(drain\) was cut off after 6\.08 s\.\n\n/,
  )
  const app = createTestShutdown({ grace: '10s' })
  app.shutdown.add('jobs', () => app.sleep('6s'), { phase: 'drain' })
  app.shutdown.add('postgres', () => app.sleep('1s'))
  app.shutdown.listen()
  const clean = await app.run()
  expectCleanEnd(clean)
  expectCleanEnd(clean, { headroom: 15 })
  expect(failureOf(() => expectCleanEnd(clean, { headroom: 30 }))).toMatch(
    /^Expected the shutdown to end clean, with 30 % of each limit left, but 'jobs' \(drain\) took 6 s of its limit of 8\.09 s, and left 25 %\./,
  )
  const [phase, ...others] = clean.phases
  const withHook = (changes: object) =>
    ({
      ...clean,
      phases: [{ ...phase, hooks: [{ ...phase?.hooks[0], ...changes }] }, ...others],
    }) as Report
  expect(failureOf(() => expectCleanEnd(withHook({ ended: 9000 })))).toContain(
    "but 'jobs' (drain) was late: it took 9 s, and its limit was 8.09 s.",
  )
  expect(failureOf(() => expectCleanEnd(withHook({ began: null, status: 'cut off' })))).toContain(
    "but 'jobs' (drain) never ran: the deadline had passed.",
  )
})

test('a crash is no clean end', async () => {
  const app = createTestShutdown()
  app.shutdown.listen()
  await app.fault(new Error('boom'))
  expect(failureOf(() => expectCleanEnd(app.report))).toContain('there was a fault: Error: boom.')
})

test('how long it took', () => {
  expectEndWithin(report, '6.2s')
  expect(failureOf(() => expectEndWithin(report, '6s'))).toMatch(
    /^Expected the shutdown to end within 6 s, but it took 6\.18 s\./,
  )
})

test('whether a plan fits', () => {
  const { shutdown } = createTestShutdown({ grace: '30s' })
  shutdown.add('jobs', () => {}, { phase: 'drain', timeout: '5s' })
  shutdown.add('postgres', () => {}, { timeout: '2s' })
  const plan = shutdown.plan()
  expectPlanFits(plan, '10s')
  expect(plan).toFitIn('10s')
  expect(failureOf(() => expectPlanFits(plan, '9s'))).toMatch(
    /^Expected the shutdown to fit in 9 s, but it may take 9\.0\d s: 'postgres' may end at 7\.0\d s, and the margin is 2 s\.\n\ndeadline 28 s = grace 30 s.*\n +phase +hook/,
  )
  expect(() => expect(plan).not.toFitIn('10s')).toThrow(
    'Expected the shutdown not to fit in 10 s, but it may take 9.0',
  )
  expect(() => expectPlanFits(report as never, '9s')).toThrow('Expected a plan, got')
  expect(() => expectCleanEnd(plan as never)).toThrow('This is a plan')
  expectPlanFits(createTestShutdown().shutdown.plan(), '1s')
})

test('real work that the clock of the test has cut off is named', async () => {
  const app = createTestShutdown()
  const server = createServer()
  app.shutdown.add('log', () => once(server.listen(0), 'close'))
  app.shutdown.listen()
  await app.signal('SIGTERM')
  await app.advance('30s')
  server.close()
  expect(failureOf(() => expectCleanEnd(app.report))).toMatch(
    /\n\nHint: 'log' was cut off while real work was going on \([^)]*1 TCPServerWrap[^)]*\)\. advance\(\) moves the clock of the test, and real work needs real time\. `await app\.run\('SIGTERM'\)` waits for it\.\n\n/,
  )
})

test('the timer of the test, which mocha sets a little later, is not taken for real work', async () => {
  const app = createTestShutdown()
  app.shutdown.add('stuck', () => new Promise(() => {}))
  app.shutdown.listen()
  const signal = app.signal('SIGTERM')
  const timer = setTimeout(() => {}, 60_000)
  await signal
  await app.advance('30s')
  clearTimeout(timer)
  expect(failureOf(() => expectCleanEnd(app.report))).not.toContain('Hint')
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
    "('after' began at 14183.1 ms, and 'close' ran from 7093 ms to 14183.4 ms)",
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
    expect(report).toHaveRunInOrder(['http', 'events', 'postgres'], { endedBy: 'any' })
    expect(report).toEndWithin('7s')
    expect(report).not.toHaveEndedClean()
    expect(report).not.toHaveRunInOrder(['http', 'events', 'postgres'])
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
    expect(wrong).toThrow("in the order events → http, but 'http' is in the phase drain")
    expect(wrong).toThrow(PICTURE)
    const not = () => expect(report).not.toHaveCutOff('http')
    expect(not).toThrow("Expected 'http' not to be cut off, but it was, after 6.08 s.")
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
      /There is no report: the shutdown is not over.*await app\.run/,
    )
    expect(() => expectCutOff(Promise.resolve(report) as never, 'http')).toThrow('Await it.')
    for (const wrong of [null, 'SIGTERM', 7, {}, { phases: 1 }]) {
      expect(() => expectCutOff(wrong as never, 'http')).toThrow(
        /Expected a report, got .* Pass the `report`/,
      )
    }
  })

  test('a report of another version', () => {
    expect(() => expectCutOff({ ...report, version: 2 } as never, 'http')).toThrow(
      'The report has version 2 (number). This version of lastcall reads reports of version 1.',
    )
  })

  test('every error has the operator with which jest prints its message', () => {
    for (const attempt of [
      () => expectCutOff(undefined, 'http'),
      () => expectCutOff(report, 'htpp'),
      () => expectCutOff(report, 'jobs'),
      () => expectPlanFits(undefined as never, '1s'),
    ]) {
      const error = thrownBy(attempt)
      expect(error).toBeInstanceOf(AssertionError)
      expect(error).toMatchObject({ operator: 'fail', generatedMessage: false })
      // What node:test, bun and vitest would print behind the message.
      expect(Object.keys(error)).toEqual(['code'])
      expect(error).not.toHaveProperty('diff')
    }
  })

  test('every error points to the test', () => {
    for (const attempt of [
      () => expectCutOff(undefined, 'http'),
      () => expectCutOff(report, 'htpp'),
      () => expectOrder(report, []),
      () => expectPlanFits(undefined as never, '1s'),
      () => shutdownMatchers.toHaveCutOff(undefined, 'http'),
      () => shutdownMatchers.toFitIn(undefined as never, '1s'),
    ]) {
      expect(thrownBy(attempt).stack?.split('\n    at ')[1]).toContain('assertions.test.ts')
    }
  })

  test('a hook that there is none of', () => {
    expect(() => expectOrder(report, ['http', 'htpp'])).toThrow(
      "There is no hook 'htpp' in the report. Did you mean 'http'? It has 'http', 'jobs', 'late', 'events', 'postgres', 'redis'.",
    )
  })

  test('any hook, where none has run', () => {
    expect(() => expectCutOff({ ...report, phases: [] }, 'http')).toThrow(
      "There is no hook 'http' in the report. It has none.",
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
    ['endedBy', () => expectOrder(report, ['jobs', 'http'], { endedBy: 'failed' } as never)],
    ['endedBy', () => expectOrder(report, ['jobs', 'http'], { endedby: 'any' } as never)],
    ['headroom', () => expectCleanEnd(report, { headroom: '20%' as never })],
    ['headroom', () => expectCleanEnd(report, { headroom: 100 })],
    ['atMost', () => expectEndWithin(report, '2 s' as never)],
    ['atMost', () => expectPlanFits(createTestShutdown().shutdown.plan(), 0)],
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
