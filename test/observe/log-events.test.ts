import { describe, expect, test } from 'vitest'
import { type Logger, type Shutdown, type ShutdownOptions, TimeoutError } from '../../src/index.ts'
import { type VirtualClock, VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'

interface World {
  readonly shutdown: Shutdown
  readonly process: VirtualProcess
  readonly clock: VirtualClock
}

/** The lines of a shutdown, each with its level, its fields and its message. */
async function logged(prepare: (world: World) => void, happen?: (world: World) => Promise<void>) {
  const lines: { level: string; fields: Record<string, unknown>; msg: string }[] = []
  const at = (level: string) => (fields: object, msg: string) =>
    void lines.push({ level, fields: { ...fields }, msg: msg.replace(/^lastcall: /, '') })
  const log: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
  }
  const world = virtualShutdown({ grace: '10s', log })
  prepare(world)
  if (happen) await happen(world)
  else {
    void world.shutdown.now()
    await world.clock.advance(10_000)
  }
  return {
    lines,
    of: (event: string) => lines.filter(({ fields }) => fields.event === event),
    heard: lines.filter(({ level }) => level !== 'debug'),
  }
}

const never = () => new Promise(() => {})
const PHASES = ['announce', 'deregister', 'unbind', 'drain', 'stop', 'flush', 'close']

describe('a line', () => {
  test('for each hook, and one each for the begin, the end and the exit', async () => {
    const { heard } = await logged(({ shutdown }) => {
      for (const phase of PHASES) shutdown.add({ name: phase, phase, run: () => {} })
    })
    expect(heard.map(({ level, fields }) => `${level} ${fields.event}`)).toEqual([
      'info start',
      ...PHASES.map(() => 'info hook:end'),
      'info end',
      'info exit',
    ])
  })

  test('of each hook that is done is debug after twenty of them, so that a failure among thousands is seen', async () => {
    const { heard, of } = await logged(({ shutdown }) => {
      for (let n = 0; n < 1000; n++) {
        const run = n === 900 ? () => Promise.reject(new Error('boom')) : () => {}
        shutdown.add({ name: `hook ${n}`, phase: 'drain', run })
      }
    })
    expect(heard).toHaveLength(1 + 20 + 1 + 2)
    expect(heard.filter(({ level }) => level === 'error')).toMatchObject([
      { fields: { hook: 'hook 900' } },
      { fields: { event: 'end' } },
      { fields: { event: 'exit' } },
    ])
    expect(of('hook:end')).toHaveLength(1000)
    expect(of('end')).toMatchObject([
      {
        msg: 'shutdown failed in 0 ms: 999 hooks done, 1 failed',
        fields: { outcome: 'failed', exitCode: 1, hooks: { done: 999, failed: 1, cutOff: 0 } },
      },
    ])
  })

  test('of a hook has its duration and its notes', async () => {
    const { of } = await logged(({ shutdown, clock }) => {
      const run = async ({ note }: { note(text: string): void }) => {
        note('12 events')
        await clock.sleep(30)
      }
      shutdown.add({ name: 'events', priority: 250, run })
    })
    expect(of('hook:end')).toEqual([
      {
        level: 'info',
        msg: "hook 'events' (priority 250) done in 30 ms; 12 events",
        fields: {
          event: 'hook:end',
          hook: 'events',
          phase: 'priority 250',
          status: 'done',
          began: 0,
          duration: 30,
          limit: 9000,
          notes: ['12 events'],
        },
      },
    ])
    expect(of('hook:note')).toMatchObject([
      { level: 'debug', msg: "hook 'events': 12 events", fields: { note: '12 events' } },
    ])
  })

  test('of a hook that was cut off, with its notes below it, or never ran, is an error', async () => {
    const { of } = await logged(
      ({ shutdown, clock }) => {
        const stuck = ({ note }: { note(text: string): void }) => {
          note('cut off: GET /export/7')
          return never()
        }
        shutdown.add({ name: 'http', phase: 'drain', timeout: '3s', run: stuck })
        shutdown.add({ name: 'block', phase: 'flush', run: () => clock.block(9000) })
        shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
      },
      async ({ shutdown, clock }) => {
        void shutdown.now()
        await clock.advance(20_000)
      },
    )
    expect(of('hook:end').map(({ level, msg }) => [level, msg])).toEqual([
      ['error', "hook 'http' (drain) was cut off after 3 s\n  cut off: GET /export/7"],
      ['info', "hook 'block' (flush) done in 9 s"],
      ['error', "hook 'pool' (close) never ran: the deadline had passed before it could begin"],
    ])
    expect([...of('end'), ...of('exit')].map(({ level, msg }) => [level, msg])).toEqual([
      ['error', 'shutdown cut off after 12 s: 1 hook done, 2 cut off'],
      ['error', "exiting with code 124 (hook 'http' was cut off; hook 'pool' never ran)"],
    ])
  })

  test('of a fault is an error with its stack, its causes and its parts', async () => {
    const { of } = await logged(
      ({ shutdown }) => shutdown.listen(),
      async ({ process, clock }) => {
        const cause = Object.assign(new TypeError('inner'), { code: 'E_INNER' })
        const parts = [new Error('one'), new Error('two')]
        process.emit('uncaughtException', new AggregateError(parts, 'outer', { cause }))
        await clock.advance(0)
      },
    )
    expect(of('start')[0]?.fields).toMatchObject({
      reason: 'uncaughtException: outer',
      kind: 'fault',
    })
    const [fault] = of('fault')
    expect(fault?.level).toBe('error')
    expect(fault?.msg).toMatch(
      /^uncaughtException: AggregateError: outer\n +at [\s\S]+\n {2}one of them: Error: one\n[\s\S]+\n {2}caused by: TypeError: inner\n/,
    )
    expect(fault?.fields.err).toMatchObject({
      type: 'AggregateError',
      message: 'outer',
      cause: { type: 'TypeError', message: 'inner', code: 'E_INNER' },
      aggregateErrors: [{ message: 'one' }, { message: 'two' }],
    })
  })

  test('of a repeat is debug; of a press that changes nothing it is info, of one that forces the exit fatal', async () => {
    const { of } = await logged(
      ({ shutdown }) => {
        shutdown.add({ name: 'slow', phase: 'drain', run: never })
        for (const name of ['redis', 'postgres'])
          shutdown.add({ name, phase: 'close', run: () => {} })
        shutdown.listen()
      },
      async ({ process, clock }) => {
        process.send('SIGINT')
        process.send('SIGTERM')
        await clock.advance(1000)
        process.send('SIGTERM')
        process.send('SIGINT')
      },
    )
    expect(of('repeat').map(({ level, msg }) => [level, msg])).toEqual([
      ['debug', 'SIGTERM during the shutdown: a repeat of the same press'],
      ['info', 'SIGTERM during the shutdown: already shutting down'],
    ])
    expect(of('forced').map(({ level, msg }) => [level, msg])).toEqual([
      [
        'fatal',
        "SIGINT again: exiting at once with code 130 (hook 'slow' was cut off; hooks 'redis' and 'postgres' never ran)",
      ],
    ])
    expect(of('forced')[0]?.fields.lost).toEqual(['slow', 'redis', 'postgres'])
  })
})

describe('the first line says who set the grace', () => {
  const kubernetes = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }

  test.each([
    ['the platform', {}, kubernetes, 'deadline 28 s (grace 30 s, kubernetes)'],
    ['nothing known', {}, {}, 'deadline 9 s (grace 10 s, the default)'],
    [
      'LASTCALL_GRACE',
      {},
      { LASTCALL_GRACE: '5000' },
      'deadline 4.5 s (grace 5 s, from LASTCALL_GRACE)',
    ],
    [
      'the application',
      { grace: '25s' },
      kubernetes,
      'deadline 23 s (grace 25 s, set by the application)',
    ],
    [
      'the application, to what the platform grants too',
      { grace: '30s' },
      kubernetes,
      'deadline 28 s (grace 30 s, set by the application)',
    ],
  ])('%s', async (_, options, env, said) => {
    const process = new VirtualProcess()
    process.env = env
    const { shutdown, clock } = virtualShutdown({ ...options, log: 'text' } as ShutdownOptions, {
      process,
    })
    shutdown.listen()
    process.send('SIGTERM')
    await clock.advance(0)
    expect(process.output.split('\n')[0]).toBe(`lastcall: SIGTERM: shutting down; ${said}`)
  })
})

describe('the last lines say how the shutdown ended, the code, and why it is not that of a clean end', () => {
  const boom = () => Promise.reject(new Error('boom'))
  const hooks = (number: number, run: () => unknown) =>
    Array.from({ length: number }, (_, n) => ({ name: `${n}`, phase: 'drain', run }))

  test.each([
    ['clean', hooks(1, () => {}), [], 'shutdown complete in 0 ms: 1 hook done', '0'],
    [
      'failed',
      hooks(1, boom),
      [],
      'shutdown failed in 0 ms: 0 hooks done, 1 failed',
      "1 (hook '0' failed)",
    ],
    [
      'failed, in two hooks',
      hooks(2, boom),
      [],
      'shutdown failed in 0 ms: 0 hooks done, 2 failed',
      "1 (hooks '0' and '1' failed)",
    ],
    [
      'cut off',
      hooks(1, never),
      [],
      'shutdown cut off after 9 s: 0 hooks done, 1 cut off',
      "124 (hook '0' was cut off)",
    ],
    [
      'cut off, in three hooks',
      hooks(3, never),
      [],
      'shutdown cut off after 9 s: 0 hooks done, 3 cut off',
      "124 (hooks '0', '1' and '2' were cut off)",
    ],
    [
      'cut off, in many hooks',
      hooks(12, never),
      [],
      'shutdown cut off after 9 s: 0 hooks done, 12 cut off',
      "124 (hooks '0', '1', '2' and 9 more were cut off)",
    ],
    [
      'a fault, while a hook fails',
      hooks(1, boom),
      ['boom\nin two lines'],
      'shutdown failed in 0 ms: 0 hooks done, 1 failed, 1 fault',
      '1 (uncaughtException: boom)',
    ],
    [
      'several faults',
      hooks(1, () => {}),
      ['x'.repeat(101), 'two', 'three'],
      'shutdown failed in 0 ms: 1 hook done, 3 faults',
      `1 (uncaughtException: ${'x'.repeat(100)}…; 2 more faults)`,
    ],
  ])('%s', async (outcome, added, faults, end, exit) => {
    const { of } = await logged(
      ({ shutdown }) => {
        shutdown.add(added)
        shutdown.listen()
      },
      async ({ process, clock }) => {
        for (const message of faults) process.emit('uncaughtException', new Error(message))
        process.send('SIGTERM')
        await clock.advance(20_000)
      },
    )
    const level = outcome === 'clean' ? 'info' : 'error'
    expect([...of('end'), ...of('exit')].map((line) => [line.level, line.msg])).toEqual([
      [level, end],
      [level, `exiting with code ${exit}`],
    ])
  })

  test("the application's own code after a clean shutdown", async () => {
    const { of } = await logged(({ process }) => {
      process.exitCode = 3
    })
    expect(of('exit')).toEqual([
      {
        level: 'info',
        msg: "exiting with code 3 (the application's own)",
        fields: { event: 'exit', exitCode: 3, outcome: 'clean', because: null },
      },
    ])
  })

  test('a fault after the last hook', async () => {
    const { of } = await logged(
      ({ shutdown, process }) => {
        shutdown.listen()
        shutdown.on('end', () => process.emit('uncaughtException', new Error('late')))
      },
      async ({ process, clock }) => {
        process.send('SIGTERM')
        await clock.advance(10)
      },
    )
    expect(of('exit').map(({ level, msg }) => [level, msg])).toEqual([
      ['error', 'exiting with code 1 (uncaughtException: late)'],
    ])
  })
})

describe('a name or a message from anywhere', () => {
  const ESCAPE = '\u001b[2J'
  const NAMES = [
    ['that moves the cursor', `a${ESCAPE}`, "hook 'a\\u001b[2J' (drain)"],
    [
      'with a line of its own',
      'a\nlastcall: exiting with code 0',
      "hook 'a\n  lastcall: exiting with code 0' (drain)",
    ],
    ['that returns the carriage', 'a\rb', "hook 'a\\u000db' (drain)"],
    ['with a line of Windows', 'a\r\nb', "hook 'a\n  b' (drain)"],
    ['that turns the writing round', 'a\u202eb', "hook 'a\\u202eb' (drain)"],
    ['with a line by Unicode', 'a\u2028b', "hook 'a\\u2028b' (drain)"],
    ['in other letters', 'Größe 大', "hook 'Größe 大' (drain)"],
  ] as const

  test.each(NAMES)('does no harm to a terminal: a name %s', async (_, name, shown) => {
    const { of } = await logged(({ shutdown }) => {
      shutdown.add({ name, phase: 'drain', run: () => {} })
    })
    expect(of('hook:end')[0]?.msg).toBe(`${shown} done in 0 ms`)
    // The field is not escaped.
    expect(of('hook:end')[0]?.fields.hook).toBe(name)
  })

  test('does no harm as an error, a note or a reason', async () => {
    const { lines, of } = await logged(
      ({ shutdown }) => {
        const run = ({ note }: { note(text: string): void }) => {
          note(`seen${ESCAPE}`)
          throw new TimeoutError(`late${ESCAPE}\nlastcall: exiting with code 0`)
        }
        shutdown.add({ name: 'a', phase: 'drain', run })
      },
      async ({ shutdown, clock }) => {
        void shutdown.now(ESCAPE)
        await clock.advance(0)
      },
    )
    for (const { msg } of lines) {
      expect(msg).not.toContain('\u001b')
      expect(
        msg
          .split('\n')
          .slice(1)
          .filter((line) => !line.startsWith(' ')),
      ).toEqual([])
    }
    expect(of('hook:end')[0]?.msg).toContain(
      'TimeoutError: late\\u001b[2J\n  lastcall: exiting with code 0',
    )
  })
})
