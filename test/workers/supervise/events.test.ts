import { describe, expect, test } from 'vitest'
import { onSignal, Supervised, sh, sleeper } from '../../support/programs/programs.ts'

describe('processes', () => {
  test('has the state of every process, also before start()', async () => {
    const world = new Supervised([
      sleeper({ instances: 2 }),
      sh('exit 1', { name: 'bad', startRetries: 0 }),
      sh('exit 0', { name: 'job', startFor: 0 }),
    ])
    const stopped = { state: 'STOPPED', pid: null }
    expect(world.programs.processes).toEqual([
      { name: 'web:0', program: 'web', ...stopped },
      { name: 'web:1', program: 'web', ...stopped },
      { name: 'bad', program: 'bad', ...stopped },
      { name: 'job', program: 'job', ...stopped },
    ])

    world.start()
    expect(world.programs.processes.map(({ pid }) => typeof pid)).toEqual(Array(4).fill('number'))
    await world.reaches('FATAL', { name: 'bad' })
    await world.reaches('EXITED', { name: 'job' })
    await world.clock.advance(1000)
    expect(world.programs.processes).toEqual([
      { name: 'web:0', program: 'web', state: 'RUNNING', pid: expect.any(Number) },
      { name: 'web:1', program: 'web', state: 'RUNNING', pid: expect.any(Number) },
      { name: 'bad', program: 'bad', state: 'FATAL', pid: null },
      { name: 'job', program: 'job', state: 'EXITED', pid: null },
    ])
  })

  test('is a picture of its moment, and does not change afterwards', async () => {
    const world = new Supervised([sleeper({ startFor: 0 })])
    const before = world.programs.processes
    world.start()
    expect(before[0]?.state).toBe('STOPPED')
  })
})

describe("on('state')", () => {
  test('reports all facts of each change', async () => {
    const world = new Supervised([sh('echo oops >&2; exit 7')]).start()
    const pid = world.pid()
    await world.reaches('BACKOFF')
    expect(world.changes).toEqual([
      {
        name: 'web',
        program: 'web',
        from: 'STOPPED',
        to: 'STARTING',
        pid,
        exitCode: null,
        signal: null,
        problem: null,
        stderr: [],
        restartIn: null,
      },
      {
        name: 'web',
        program: 'web',
        from: 'STARTING',
        to: 'BACKOFF',
        pid,
        exitCode: 7,
        signal: null,
        problem: 'ended with exit code 7 within 1 s of its start',
        stderr: ['oops'],
        restartIn: 100,
      },
    ])
  })

  test('forgets of the last end what is no longer true at the next start', async () => {
    const world = new Supervised([sh('exit 7')]).start()
    await world.reaches('BACKOFF')
    await world.clock.advance(100)
    expect(await world.reaches('STARTING', { nth: 2 })).toMatchObject({
      exitCode: null,
      problem: null,
      pid: expect.any(Number),
    })
  })

  test('does not call a listener that was removed', () => {
    const world = new Supervised([sleeper({ startFor: 0 })])
    const heard: string[] = []
    const takeBack = world.programs.on('state', ({ to }) => heard.push(to))
    world.programs.on('state', ({ to }) => void (to === 'STARTING' && takeBack()))
    world.start()
    expect(heard).toEqual(['STARTING'])
  })

  test.each([
    ['exit', () => {}, /`event` to be 'state', got 'exit' \(string\)/],
    [undefined, () => {}, /`event` to be 'state', got undefined/],
    ['state', undefined, /`listener` to be a function, got undefined/],
  ])('refuses %s with %s', (event, listener, message) => {
    const { programs } = new Supervised([sleeper()])
    expect(() => programs.on(event as 'state', listener as () => void)).toThrow(message)
  })
})

describe('a problem', () => {
  test.each([
    ['exit 7', 'ended with exit code 7 within 1 s of its start'],
    ['kill -KILL $$', 'ended with SIGKILL within 1 s of its start'],
    [
      'exit 0',
      'ended with exit code 0 within 1 s of its start, which is too early to count as started',
    ],
  ])('of a start that ends with %s is reported in one line', async (script, problem) => {
    const world = new Supervised([sh(script)]).start()
    expect(await world.reaches('BACKOFF')).toMatchObject({ problem })
    expect(world.process.output).toBe(`lastcall: 'web' ${problem}; starting it again in 100 ms\n`)
  })

  test('is none where a program ends as expected', async () => {
    const world = new Supervised([sh('echo x >&2; exit 0', { startFor: 0 })]).start()
    expect(await world.reaches('EXITED')).toMatchObject({ problem: null, stderr: [] })
    expect(world.process.output).toBe('')
  })

  test('that is FATAL says how often it was tried', async () => {
    const world = new Supervised([sh('exit 7', { startRetries: 1 })]).start()
    await world.reaches('BACKOFF')
    await world.clock.advance(100)
    expect(await world.reaches('FATAL')).toMatchObject({
      problem: 'ended with exit code 7 within 1 s of its start, and has been tried 2 times',
    })
    expect(world.process.output.split('\n').at(-2)).toBe(
      "lastcall: 'web' is FATAL: it ended with exit code 7 within 1 s of its start, and has been tried 2 times",
    )
  })

  test('comes with the last ten lines of stderr, the oldest first', async () => {
    const script = 'seq 1 25 >&2; printf last >&2; exit 1'
    const world = new Supervised([sh(script, { startRetries: 0 })]).start()
    const { stderr } = await world.reaches('FATAL')
    expect(stderr).toEqual(['17', '18', '19', '20', '21', '22', '23', '24', '25', 'last'])
    expect(world.process.output).toContain(
      `\n  the last that it wrote to stderr:\n${stderr.map((line) => `    ${line}\n`).join('')}`,
    )
  })

  test('comes with the lines of its own start, not of the one before', async () => {
    const world = new Supervised([sh('echo "$$" >&2; exit 1')]).start()
    const first = await world.reaches('BACKOFF')
    await world.clock.advance(100)
    const second = await world.reaches('BACKOFF', { nth: 2 })
    expect(first.stderr).toEqual([String(first.pid)])
    expect(second.stderr).toEqual([String(second.pid)])
  })

  test('is an object in a line of JSON: a warning where it is started again, an error where it is not', async () => {
    const program = sh('echo why >&2; exit 7', { startRetries: 1 })
    const world = new Supervised([program], { log: 'json' }).start()
    await world.reaches('BACKOFF')
    await world.clock.advance(100)
    const { pid } = await world.reaches('FATAL')
    const lines = world.process.output.trimEnd().split('\n')
    const problem = {
      name: 'lastcall',
      pid: 4242,
      event: 'state',
      program: 'web',
      exitCode: 7,
      signal: null,
    }
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { ...problem, level: 'warn', from: 'STARTING', to: 'BACKOFF', restartIn: 100 },
      { ...problem, level: 'error', to: 'FATAL', child: pid, restartIn: null, stderr: ['why'] },
    ])
  })

  test('is not logged with log: false, and is in the events all the same', async () => {
    const program = sh('exit 1', { startRetries: 0 })
    const world = new Supervised([program], { log: false }).start()
    expect((await world.reaches('FATAL')).problem).toContain('exit code 1')
    expect(world.process.output).toBe('')
  })
})

describe('a listener that throws', () => {
  test('does not stop supervision, nor the next listener, and is logged', async () => {
    const world = new Supervised([onSignal('TERM', 'exit 0', { restart: 'always' })])
    world.programs.on('state', ({ to }) => {
      throw new Error(`no ${to}`)
    })
    const heard: string[] = []
    world.programs.on('state', ({ to }) => heard.push(to))
    world.start()
    await world.clock.advance(1000)
    process.kill(world.pid(), 'SIGKILL')
    await world.reaches('EXITED')
    await world.clock.advance(100)
    await world.stop().over
    const states = ['STARTING', 'RUNNING', 'EXITED', 'STARTING', 'STOPPING', 'STOPPED']
    expect(heard).toEqual(states)
    for (const state of states) {
      expect(world.process.output).toContain(`a listener to 'state' threw: Error: no ${state}`)
    }
  })
})
