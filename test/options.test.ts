import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createShutdown } from '../src/index.ts'
import { errorOf } from './support/hooks/error-of.ts'
import { virtualShutdown } from './support/hooks/virtual.ts'

const run = () => {}

describe('createShutdown refuses', () => {
  const cases: [string, object, string, string[]][] = [
    [
      'a duration without a unit',
      { grace: '500' },
      'LASTCALL_INVALID_OPTION',
      ['`grace`', "'500' (string)", "'500s'"],
    ],
    [
      'a unit with a space',
      { grace: '10 s' },
      'LASTCALL_INVALID_OPTION',
      ["'10 s'", "Write '10s'"],
    ],
    ['a unit written out', { grace: '10 seconds' }, 'LASTCALL_INVALID_OPTION', ["Write '10s'"]],
    ['text', { grace: 'soon' }, 'LASTCALL_INVALID_OPTION', ["'soon' (string)"]],
    ['an empty string', { grace: '' }, 'LASTCALL_INVALID_OPTION', ["'' (string)"]],
    ['NaN', { grace: Number.NaN }, 'LASTCALL_INVALID_OPTION', ['NaN (number)']],
    ['a negative number', { grace: -1 }, 'LASTCALL_INVALID_OPTION', ['-1 (number)']],
    ['a negative string', { grace: '-1s' }, 'LASTCALL_INVALID_OPTION', ["'-1s'"]],
    ['zero', { grace: 0 }, 'LASTCALL_INVALID_OPTION', ['0 (number)']],
    [
      'Infinity',
      { grace: Number.POSITIVE_INFINITY },
      'LASTCALL_INVALID_OPTION',
      ['Infinity (number)'],
    ],
    [
      'a duration that no timer can run',
      { grace: 2 ** 31 },
      'LASTCALL_INVALID_OPTION',
      ['2147483647'],
    ],
    ['null', { grace: null }, 'LASTCALL_INVALID_OPTION', ['got null']],
    ['an object', { grace: {} }, 'LASTCALL_INVALID_OPTION', ['an object (Object)']],
    ['a bigint', { grace: 10n }, 'LASTCALL_INVALID_OPTION', ['10 (bigint)']],
    [
      'a margin as large as the grace',
      { grace: '1s', margin: '1s' },
      'LASTCALL_INVALID_OPTION',
      ['`margin`', 'smaller than the grace of 1 s'],
    ],
    ['a negative margin', { margin: -5 }, 'LASTCALL_INVALID_OPTION', ['`margin`', '-5 (number)']],
    [
      'a grace that the default margin eats',
      { grace: 100 },
      'LASTCALL_INVALID_OPTION',
      ['(the default)', '`grace`'],
    ],
    [
      'SIGKILL',
      { signals: ['SIGKILL'] },
      'LASTCALL_SIGNAL_REFUSED',
      ['`signals`', 'SIGKILL', 'SIGTERM'],
    ],
    ['SIGSTOP', { signals: ['SIGTERM', 'SIGSTOP'] }, 'LASTCALL_SIGNAL_REFUSED', ['SIGSTOP']],
    [
      'a signal of a fault',
      { signals: ['SIGSEGV'] },
      'LASTCALL_SIGNAL_REFUSED',
      ['SIGSEGV', 'fault of the process'],
    ],
    [
      "the debugger's signal",
      { signals: ['SIGUSR1'] },
      'LASTCALL_SIGNAL_REFUSED',
      ['SIGUSR1', 'debugger'],
    ],
    [
      'an unknown signal',
      { signals: ['SIGFOO'] },
      'LASTCALL_INVALID_OPTION',
      ['`signals`', "'SIGFOO'"],
    ],
    ['a signal by number', { signals: [15] }, 'LASTCALL_INVALID_OPTION', ['15 (number)']],
    [
      'a signal without an array',
      { signals: 'SIGTERM' },
      'LASTCALL_INVALID_OPTION',
      ['an array of signals'],
    ],
    [
      'a forcing signal that starts nothing',
      { signals: { forceOn: ['SIGQUIT'] } },
      'LASTCALL_INVALID_OPTION',
      ['`signals.forceOn`', '`signals.on`', 'SIGQUIT'],
    ],
    [
      'a window that is no duration',
      { signals: { samePressWithin: 'x' } },
      'LASTCALL_INVALID_OPTION',
      ['`signals.samePressWithin`'],
    ],
    [
      'signals in an object that no process can catch',
      { signals: { on: ['SIGKILL'] } },
      'LASTCALL_SIGNAL_REFUSED',
      ['`signals.on`', 'SIGKILL'],
    ],
    [
      'an unknown option of signals',
      { signals: { force: ['SIGINT'] } },
      'LASTCALL_INVALID_OPTION',
      ['`signals`', 'forceOn', 'Unknown option `force`'],
    ],
    [
      "a time of others' listeners that is none of the two",
      { signals: { others: 'before' } },
      'LASTCALL_INVALID_OPTION',
      ['`signals.others`', 'one of beside, after', 'before'],
    ],
    [
      'a wait for others that are not waited for',
      { signals: { othersWithin: '1s' } },
      'LASTCALL_INVALID_OPTION',
      ['`signals.othersWithin`', "others: 'after'"],
    ],
    [
      'a wait for others that is no duration',
      { signals: { others: 'after', othersWithin: -1 } },
      'LASTCALL_INVALID_OPTION',
      ['`signals.othersWithin`'],
    ],
    ['signals that are null', { signals: null }, 'LASTCALL_INVALID_OPTION', ['an object', 'null']],
    [
      'what is part of signals',
      { forceOn: [] },
      'LASTCALL_INVALID_OPTION',
      ['Unknown option `forceOn`', 'It is part of `signals`: write signals: { forceOn: … }.'],
    ],
    [
      'what is part of signals',
      { samePressWithin: 0 },
      'LASTCALL_INVALID_OPTION',
      ['write signals: { samePressWithin: … }'],
    ],
    [
      'an exit code of 256',
      { exitCodes: { failed: 256 } },
      'LASTCALL_INVALID_OPTION',
      ['`exitCodes.failed`', '256 (number)', '0 to 255'],
    ],
    [
      'a negative exit code',
      { exitCodes: { deadline: -1 } },
      'LASTCALL_INVALID_OPTION',
      ['`exitCodes.deadline`'],
    ],
    [
      'half an exit code',
      { exitCodes: { clean: 1.5 } },
      'LASTCALL_INVALID_OPTION',
      ['`exitCodes.clean`', "'signal'"],
    ],
    [
      "'signal' where none came",
      { exitCodes: { failed: 'signal' } },
      'LASTCALL_INVALID_OPTION',
      ['`exitCodes.failed`'],
    ],
    [
      'an unknown exit code',
      { exitCodes: { timeout: 1 } },
      'LASTCALL_INVALID_OPTION',
      ['`exitCodes`', 'deadline', 'Unknown option `timeout`'],
    ],
    ['exit codes that are a number', { exitCodes: 1 }, 'LASTCALL_INVALID_OPTION', ['`exitCodes`']],
    [
      'a phase without a number',
      { phases: { mine: 'high' } },
      'LASTCALL_INVALID_OPTION',
      ['`phases.mine`', "'high'"],
    ],
    [
      'a phase of NaN',
      { phases: { mine: Number.NaN } },
      'LASTCALL_INVALID_OPTION',
      ['`phases.mine`'],
    ],
    [
      'a reserve of a phase that is no duration',
      { phases: { mine: { priority: 1, reserve: 'x' } } },
      'LASTCALL_INVALID_OPTION',
      ['`phases.mine.reserve`'],
    ],
    ['a phase without a name', { phases: { ' ': 1 } }, 'LASTCALL_INVALID_OPTION', ['`phases`']],
    [
      'a misspelt key of a phase',
      { phases: { mine: { priority: 1, resrve: 1 } } },
      'LASTCALL_INVALID_OPTION',
      ['Unknown option `resrve` of `phases.mine`'],
    ],
    [
      'a reserve of a phase over the budget',
      { grace: '10s', phases: { mine: { priority: 1, reserve: '60s' } } },
      'LASTCALL_INVALID_OPTION',
      ['`phases.mine.reserve`', '9000 ms'],
    ],
    [
      'a signal in an array',
      { signals: [['SIGTERM']] },
      'LASTCALL_INVALID_OPTION',
      ['an array of 1'],
    ],
    [
      'a signal named like a method of every object',
      { signals: ['toString'] },
      'LASTCALL_INVALID_OPTION',
      ["'toString'"],
    ],
    [
      'an exit code named like a method of every object',
      { exitCodes: { toString: 3 } },
      'LASTCALL_INVALID_OPTION',
      ['`exitCodes`', 'Unknown option `toString`'],
    ],
    ['options in an array', [], 'LASTCALL_INVALID_OPTION', ['an array of 0']],
    ['a grace in seconds', { grace: 10 }, 'LASTCALL_INVALID_OPTION', ["write '10s'"]],
    ['phases in an array', { phases: ['mine'] }, 'LASTCALL_INVALID_OPTION', ['`phases`']],
    [
      'a flag that is text',
      { exit: 'no' },
      'LASTCALL_INVALID_OPTION',
      ['`exit`', 'true or false', "'no'"],
    ],
    ['faults that are no flag', { faults: 1 }, 'LASTCALL_INVALID_OPTION', ['`faults`']],
    ['faults that are null', { faults: null }, 'LASTCALL_INVALID_OPTION', ['`faults`']],
    [
      'a misspelt option of faults',
      { faults: { unhandledRejections: 'always' } },
      'LASTCALL_INVALID_OPTION',
      ['`faults`', 'unhandledRejection'],
    ],
    [
      'an unknown value of faults.unhandledRejection',
      { faults: { unhandledRejection: 'never' } },
      'LASTCALL_INVALID_OPTION',
      ['`faults.unhandledRejection`', "'always'"],
    ],
    [
      'beforeExit that is no flag',
      { beforeExit: 'yes' },
      'LASTCALL_INVALID_OPTION',
      ['`beforeExit`'],
    ],
    ['a name that is empty', { name: '' }, 'LASTCALL_INVALID_OPTION', ['`name`', 'not empty']],
    ['a name that is no string', { name: 2 }, 'LASTCALL_INVALID_OPTION', ['`name`', '2 (number)']],
    ['a log that is null', { log: null }, 'LASTCALL_INVALID_OPTION', ['`log`']],
    [
      'messages that are no array',
      { messages: 'shutdown' },
      'LASTCALL_INVALID_OPTION',
      ['`messages`'],
    ],
    [
      'an option it does not know',
      { graceMs: 1 },
      'LASTCALL_INVALID_OPTION',
      ['Did you mean `grace`?', 'grace'],
    ],
  ]
  test.each(cases)('%s', (_, options, code, parts) => {
    const error = errorOf(() => virtualShutdown(options))
    expect(error.code).toBe(code)
    for (const part of parts) expect(error.message).toContain(part)
  })

  test('options that are no object', () => {
    expect(errorOf(() => createShutdown(null as never)).code).toBe('LASTCALL_INVALID_OPTION')
    expect(errorOf(() => createShutdown('10s' as never)).message).toContain("'10s'")
  })
})

describe('add refuses', () => {
  const cases: [string, unknown, string, string[]][] = [
    ['nothing', undefined, 'LASTCALL_INVALID_OPTION', ['`hook`', 'undefined']],
    [
      'a function',
      function flushEvents() {},
      'LASTCALL_INVALID_OPTION',
      ["add('flushEvents', flushEvents)"],
    ],
    [
      'a hook without a name',
      { phase: 'drain', run },
      'LASTCALL_INVALID_OPTION',
      ['`hook.name`', 'undefined'],
    ],
    [
      'an empty name',
      { name: ' ', phase: 'drain', run },
      'LASTCALL_INVALID_OPTION',
      ['`hook.name`'],
    ],
    [
      'a hook without run',
      { name: 'a', phase: 'drain' },
      'LASTCALL_INVALID_OPTION',
      ["run of hook 'a'"],
    ],
    [
      'a promise for run',
      { name: 'a', phase: 'drain', run: Promise.resolve() },
      'LASTCALL_INVALID_OPTION',
      ['an object (Promise)'],
    ],
    [
      'neither phase nor priority',
      { name: 'a', run },
      'LASTCALL_INVALID_OPTION',
      ["phase of hook 'a'", 'announce'],
    ],
    [
      'both phase and priority',
      { name: 'a', phase: 'drain', priority: 1, run },
      'LASTCALL_INVALID_OPTION',
      ['not both'],
    ],
    [
      'an unknown phase',
      { name: 'a', phase: 'drian', run },
      'LASTCALL_UNKNOWN_PHASE',
      [
        "'drian'",
        'announce (600), deregister (500), unbind (450), drain (400), stop (300), flush (200), close (100)',
      ],
    ],
    [
      'a priority that is no number',
      { name: 'a', priority: 'high', run },
      'LASTCALL_INVALID_OPTION',
      ["priority of hook 'a'"],
    ],
    [
      'an endless priority',
      { name: 'a', priority: Number.POSITIVE_INFINITY, run },
      'LASTCALL_INVALID_OPTION',
      ['finite'],
    ],
    [
      'a timeout without a unit',
      { name: 'a', phase: 'drain', timeout: '5', run },
      'LASTCALL_INVALID_OPTION',
      ["timeout of hook 'a'", "'5' (string)"],
    ],
    [
      'a timeout of zero',
      { name: 'a', phase: 'drain', timeout: 0, run },
      'LASTCALL_INVALID_OPTION',
      ['at least 1 ms'],
    ],
    [
      'a negative reserve',
      { name: 'a', phase: 'drain', reserve: -1, run },
      'LASTCALL_INVALID_OPTION',
      ["reserve of hook 'a'"],
    ],
    [
      'a reserve over its timeout',
      { name: 'a', phase: 'drain', timeout: '1s', reserve: '2s', run },
      'LASTCALL_INVALID_OPTION',
      ['at most its timeout'],
    ],
    [
      'reserves over the budget',
      { name: 'a', phase: 'flush', reserve: '9.5s', run },
      'LASTCALL_RESERVES_TOO_LARGE',
      ['9.5 s', '9 s'],
    ],
    [
      'a misspelt key',
      { name: 'a', phase: 'drain', timout: 5, run },
      'LASTCALL_INVALID_OPTION',
      ['Did you mean `timeout`?', 'timeout'],
    ],
    [
      'a name that is taken',
      { name: 'taken', phase: 'drain', run },
      'LASTCALL_NAME_TAKEN',
      ["'taken'"],
    ],
  ]
  test.each(cases)('%s, and registers nothing', async (_, hook, code, parts) => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    shutdown.add({ name: 'taken', phase: 'close', run })
    const error = errorOf(() =>
      shutdown.add([{ name: 'good', phase: 'drain', run }, hook as never]),
    )
    expect(error.code).toBe(code)
    for (const part of parts) expect(error.message).toContain(part)
    const report = await shutdown.now()
    expect(report.phases.flatMap((phase) => phase.hooks.map(({ name }) => name))).toEqual(['taken'])
  })

  test('the same name twice in one call', () => {
    const { shutdown } = virtualShutdown()
    const hook = { name: 'a', phase: 'drain', run }
    expect(errorOf(() => shutdown.add([hook, hook])).code).toBe('LASTCALL_NAME_TAKEN')
    shutdown.add(hook)
  })

  test('during the shutdown a name that another hook has', async () => {
    const { shutdown, clock } = virtualShutdown()
    shutdown.add({ name: 'a', phase: 'drain', run: () => clock.sleep(10) })
    void shutdown.now()
    expect(errorOf(() => shutdown.add({ name: 'a', phase: 'close', run })).code).toBe(
      'LASTCALL_NAME_TAKEN',
    )
    await clock.advance(10)
  })
})

test('a server is no resource: it has to be drained', () => {
  const { shutdown } = virtualShutdown()
  const error = errorOf(() => shutdown.add(createServer()))
  expect(error.code).toBe('LASTCALL_INVALID_OPTION')
  expect(error.message).toContain('httpServer(server)')
})

test('options beside a hook, and null beside a resource, are refused', () => {
  const { shutdown } = virtualShutdown()
  const resource = { [Symbol.asyncDispose]: async () => {} }
  const hook = { name: 'a', phase: 'close', run }
  expect(errorOf(() => shutdown.add(hook as never, { timeout: 5 } as never)).message).toContain(
    '`options`',
  )
  expect(errorOf(() => shutdown.add(resource, null as never)).message).toContain('`options`')
})

test('listening twice is refused, and listening again after it was stopped is not', () => {
  const { shutdown, process } = virtualShutdown()
  const unlisten = shutdown.listen()
  expect(errorOf(() => shutdown.listen()).code).toBe('LASTCALL_ALREADY_LISTENING')
  unlisten()
  expect(process.listeners).toEqual([])
  shutdown.listen()
  expect(process.listeners).toContain('SIGTERM')
})

test('listening is refused when the shutdown is over', async () => {
  const { shutdown, process } = virtualShutdown({ exit: false })
  await shutdown.now()
  expect(errorOf(() => shutdown.listen()).code).toBe('LASTCALL_ENDED')
  expect(process.listeners).toEqual([])
})

test('a reason that is no string is refused', () => {
  const { shutdown } = virtualShutdown()
  expect(errorOf(() => shutdown.now({} as never)).message).toContain('`reason`')
  expect(shutdown.signal.aborted).toBe(false)
})

test('a resource without a class is called resource', async () => {
  const { shutdown } = virtualShutdown()
  const resource = Object.assign(Object.create(null), { [Symbol.asyncDispose]: async () => {} })
  shutdown.add(resource)
  shutdown.add(resource)
  const { phases } = await shutdown.now()
  expect(phases[0]?.hooks.map(({ name }) => name)).toEqual(['resource', 'resource 2'])
})

test('options of a resource that are no object, and a phase that is no text, are refused', () => {
  const { shutdown } = virtualShutdown()
  const resource = { [Symbol.asyncDispose]: async () => {} }
  expect(() => shutdown.add(resource, null as never)).toThrow('`options` to be an object such as {')
  expect(() => shutdown.add({ name: 'a', phase: 7 as never, run: () => {} })).toThrow(
    "Unknown phase 7 (number) of hook 'a'",
  )
  expect(() => shutdown.add((() => {}) as never)).toThrow('got a function.')
  expect(() => shutdown.add({ name: Object.create(null) } as never)).toThrow('an object (Object)')
})
