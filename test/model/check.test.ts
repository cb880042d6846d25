import { expect, test } from 'vitest'
import { check } from './check.ts'
import { perform } from './perform.ts'
import type { Recording } from './recording.ts'
import type { Scenario } from './scenario.ts'

const plain = { takes: 0, blocks: 0 } as const

/** Two concurrent hooks, one that fails, one that is cut off, and a reserve. */
const scenario: Scenario = {
  grace: 1000,
  margin: 100,
  exit: true,
  exitCodes: {},
  applicationCode: 0,
  signals: ['SIGTERM', 'SIGINT'],
  forceOn: ['SIGINT'],
  samePressWithin: 100.5,
  flushes: 0,
  hooks: [
    { name: 'http', phase: 'drain', ends: 'never', ...plain },
    { name: 'jobs', phase: 'drain', ends: 'rejects', ...plain, takes: 50 },
    { name: 'events', phase: 'flush', reserve: 300, ends: 'resolves', ...plain, takes: 290 },
    { name: 'pool', phase: 'close', ends: 'returns', ...plain },
  ],
  happenings: [
    { by: null, after: 10, what: { send: 'SIGTERM' } },
    { by: 'http', after: 20, what: { send: 'SIGTERM' } },
  ],
}

test('the recording of the real core passes', async () => {
  const recording = await perform(scenario)
  check(scenario, recording)
  expect(recording).toMatchObject({
    hooks: {
      http: { status: 'cut off' },
      jobs: { status: 'failed' },
      events: { status: 'done', limit: expect.any(Number) },
      pool: { status: 'done' },
    },
    report: { outcome: 'cut off', exitCode: 124 },
  })
})

/** What the library might do wrong, as a change of the recording, and what the check must report. */
const WRONGS: [string, string, (recording: Recording) => void][] = [
  [
    'a later phase begins too early',
    'a phase begins when all hooks of those before it are over: http was not over',
    (recording) => move(recording, 'events', 20),
  ],
  [
    'a hook waits for one beside it',
    'the hooks of a phase run concurrently: http began after jobs was over',
    (recording) => move(recording, 'http', 70),
  ],
  [
    'a hook is forgotten',
    'is named as cut off: pool was passed over',
    ({ hooks, calls }) => {
      delete hooks.pool
      calls.splice(
        calls.findIndex(({ hook }) => hook === 'pool'),
        1,
      )
    },
  ],
  [
    'a hook runs twice',
    'is named as cut off: http was not called as the report has it',
    twice(({ calls }) => calls),
  ],
  [
    'a hook runs after it was removed',
    'is named as cut off: pool was not to run',
    ({ added }) => delete added.pool,
  ],
  [
    'a failure passes for success',
    'a status tells the truth: jobs was not done',
    ({ hooks }) => change(hooks.jobs, { status: 'done' }),
  ],
  [
    'the signal of a hook that was cut off does not abort',
    'a status tells the truth: http was not cut off',
    ({ aborts }) => aborts.splice(0),
  ],
  [
    'a hook is called from within another',
    'is named as cut off: http was called from another',
    ({ calls }) => change(calls[0], { nested: true }),
  ],
  [
    'a hook gets another limit',
    'a hook knows how long it has: http',
    ({ calls }) => change(calls[0], { remaining: 1 }),
  ],
  [
    'a hook gets another deadline',
    'a hook knows how long it has: http',
    ({ calls }) => change(calls[0], { deadline: 1 }),
  ],
  [
    'a hook that is cut off has time left',
    'a hook knows how long it has: http',
    ({ aborts }) => change(aborts[0], { remaining: 1 }),
  ],
  [
    'a reserve is eaten',
    'is available whole: events had 299 of 300 ms',
    ({ hooks }) => change(hooks.events, { limit: 299 }),
  ],
  [
    'the deadline is overrun',
    'the deadline is kept: pool ran past it',
    ({ hooks }) => change(hooks.pool, { ended: 951 }),
  ],
  [
    'the process outlives its grace',
    'the deadline is kept: the process was there after its grace',
    ({ exit }) => change(exit, { at: 1013 }),
  ],
  [
    'a hook is given up before the deadline',
    'the deadline is kept: pool ran past it, or was cut off before it',
    ({ hooks }) => change(hooks.pool, { began: null, status: 'cut off' }),
  ],
  ['there are two reports', 'there is one report: more than one', twice(({ reports }) => reports)],
  [
    'there is none',
    'there is one report: none',
    (recording) => change(recording, { report: null }),
  ],
  ['the process exits twice', 'there is one report: 2 exits', twice(({ exits }) => exits)],
  [
    'the report has the wrong code',
    'the worst that happened: 0, and not 124',
    ({ report }) => change(report, { exitCode: 0 }),
  ],
  [
    'the process exits with another code than the report has',
    'the worst that happened: 1, and not 124',
    ({ exit }) => change(exit, { code: 1 }),
  ],
  [
    'the outcome is another',
    'the worst that happened: failed, and not cut off',
    ({ report }) => change(report, { outcome: 'failed' }),
  ],
  [
    'a limit is a millisecond too long',
    'what the model predicts',
    ({ hooks, calls }) => {
      change(hooks.pool, { limit: (hooks.pool?.limit ?? 0) + 1 })
      change(
        calls.find(({ hook }) => hook === 'pool'),
        { remaining: hooks.pool?.limit ?? 0 },
      )
    },
  ],
  [
    'a repeat passes for a second press',
    'is the same press, whenever it is heard: repeat',
    ({ replies }) => replies.splice(1, 1, 'repeat'),
  ],
  ['the reason is another', 'what the model predicts', (it) => change(it, { reason: 'SIGINT' })],
]

test.each(WRONGS)('the check fails where %s', async (_wrong, said, goWrong) => {
  const recording = await perform(scenario)
  goWrong(recording)
  expect(() => check(scenario, recording)).toThrow(said)
})

/** Changes when a hook began, in the report and in its call. */
function move({ hooks, calls }: Recording, name: string, began: number): void {
  change(hooks[name], { began })
  change(
    calls.find(({ hook }) => hook === name),
    { at: began },
  )
}

function change<T>(of: T, to: Partial<T>): void {
  if (!of) throw new Error('There is nothing to change')
  Object.assign(of, to)
}

function twice(listOf: (recording: Recording) => unknown[]) {
  return (recording: Recording) => {
    const list = listOf(recording)
    list.push(list[0])
  }
}
