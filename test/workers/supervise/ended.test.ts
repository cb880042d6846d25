import { describe, expect, test } from 'vitest'
import { settle } from '../../support/hooks/virtual.ts'
import { Supervised, sh, sleeper } from '../../support/programs/programs.ts'

const NOT_YET = 'not yet'

/** What `ended` has resolved with by now. */
async function endedOf({ programs }: Supervised): Promise<number | string> {
  await settle()
  return Promise.race([programs.ended, Promise.resolve(NOT_YET)])
}

/** Ends at once, and is not started again. */
const ends = (name: string, script: string, others = {}) =>
  sh(script, { name, startFor: 0, restart: 'never', ...others })

/** Is FATAL at once. */
const fatal = (name: string, script: string, others = {}) =>
  sh(script, { name, startRetries: 0, ...others })

describe('ended', () => {
  test.each(['all', 'fatal', 'any'] as const)(
    'with exitOn %s waits while programs run',
    async (exitOn) => {
      const world = new Supervised([sleeper(), sh('exit 1', { name: 'job' })], { exitOn }).start()
      await world.reaches('BACKOFF', { name: 'job' })
      expect(await endedOf(world)).toBe(NOT_YET)
    },
  )

  test('waits by default until every program has ended for good, then is 0 where all ended well', async () => {
    const world = new Supervised([
      ends('a', 'exit 0'),
      ends('b', 'exit 4', { exitCodes: [4] }),
      sleeper(),
    ])
    world.start()
    await world.reaches('EXITED', { name: 'a' })
    await world.reaches('EXITED', { name: 'b' })
    expect(await endedOf(world)).toBe(NOT_YET)
    process.kill(world.pid(), 'SIGKILL')
    await world.clock.advance((await world.reaches('BACKOFF')).restartIn ?? 0)
    expect(await endedOf(world)).toBe(NOT_YET)

    const well = new Supervised([ends('a', 'exit 0'), ends('b', 'exit 4', { exitCodes: [4] })])
    expect(await well.start().programs.ended).toBe(0)
  })

  test('is the code of one that did not end well, although others did', async () => {
    const world = new Supervised([ends('a', 'exit 0'), ends('b', 'exit 6'), ends('c', 'exit 0')])
    expect(await world.start().programs.ended).toBe(6)
  })

  test('does not count an end from which a program is started again', async () => {
    const world = new Supervised([sh('exit 5', { startFor: 0 })], { exitOn: 'any' }).start()
    await world.reaches('EXITED')
    expect(await endedOf(world)).toBe(NOT_YET)
    await world.clock.advance(100)
    await world.reaches('EXITED', { nth: 2 })
    expect(await endedOf(world)).toBe(NOT_YET)
  })

  test("with exitOn 'fatal' resolves at the first FATAL one with its code, while others run", async () => {
    const world = new Supervised([sleeper(), fatal('job', 'exit 9')], { exitOn: 'fatal' })
    expect(await world.start().programs.ended).toBe(9)
    expect(world.states()).toEqual(['STARTING'])
  })

  test("with exitOn 'fatal' goes on where one has only EXITED", async () => {
    const world = new Supervised([sleeper(), ends('job', 'exit 9')], { exitOn: 'fatal' }).start()
    await world.reaches('EXITED', { name: 'job' })
    expect(await endedOf(world)).toBe(NOT_YET)
  })

  test("with exitOn 'fatal' resolves also when all have EXITED", async () => {
    const world = new Supervised([ends('a', 'exit 0'), ends('b', 'exit 3')], { exitOn: 'fatal' })
    expect(await world.start().programs.ended).toBe(3)
  })

  test.each([
    ['exit 0', 0],
    ['exit 8', 8],
  ])("with exitOn 'any' resolves when one has ended for good, by %s", async (script, code) => {
    const world = new Supervised([sleeper(), ends('job', script)], { exitOn: 'any' })
    expect(await world.start().programs.ended).toBe(code)
  })

  test("with exitOn 'any' resolves when one is FATAL", async () => {
    const world = new Supervised([sleeper(), fatal('job', 'exit 8')], { exitOn: 'any' })
    expect(await world.start().programs.ended).toBe(8)
  })

  test("with exitOn 'any' resolves when one instance of several has ended", async () => {
    const script = '[ $LASTCALL_INSTANCE = 1 ] && exit 8; exec sleep 1000'
    const world = new Supervised([ends('job', script, { instances: 3 })], { exitOn: 'any' })
    expect(await world.start().programs.ended).toBe(8)
  })

  test('keeps its first value', async () => {
    const world = new Supervised([ends('a', 'exit 8'), sleeper()], { exitOn: 'any' }).start()
    expect(await world.programs.ended).toBe(8)
    process.kill(world.pid(), 'SIGKILL')
    await world.reaches('BACKOFF')
    expect(await world.programs.ended).toBe(8)
  })

  test.each([
    ['one that does not exist', { command: 'no-such-program', args: [] }, 127],
    ['one in a folder that does not exist', { cwd: '/no/such/folder' }, 127],
    ['one that may not be executed', { command: '/etc/passwd', args: [] }, 126],
    ['a folder', { command: '/etc', args: [] }, 126],
    ['one that ended by SIGKILL', sh('kill -KILL $$'), 137],
    ['one that ended by SIGTERM', sh('kill -TERM $$'), 143],
    ['one that ended by SIGINT', sh('kill -INT $$'), 130],
    ['one that ended by SIGSEGV', sh('kill -SEGV $$'), 139],
    ['one that ended with 255', sh('exit 255'), 255],
    ['a FATAL one that ended with 0', sh('exit 0'), 1],
    ['a FATAL one that ended with an expected code', sh('exit 3', { exitCodes: [3] }), 3],
  ])('gives for %s its code', async (_, options, code) => {
    const world = new Supervised([{ ...sh('exit 0'), startRetries: 0, ...options }])
    expect(await world.start().programs.ended).toBe(code)
  })

  test.each([
    ['SIGKILL', 'kill -KILL $$', 137],
    ['SIGTERM', 'kill -TERM $$', 143],
  ])('gives 128 + its number for one that ended by %s from RUNNING', async (_, script, code) => {
    const world = new Supervised([ends('job', script)])
    expect(await world.start().programs.ended).toBe(code)
  })
})
