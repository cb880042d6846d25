import { describe, expect, test } from 'vitest'
import { virtualShutdown } from '../../support/hooks/virtual.ts'
import { onSignal, Supervised, sh, sleeper } from '../../support/programs/programs.ts'
import { Gate, until } from '../../support/service.ts'

const HOUR = 3_600_000

/** Holds the restarts, as the begin of a run does. */
function hold(world: Supervised): void {
  const { over } = world.stop('programs:hold')
  void over
}

describe('a program that is stopped', () => {
  test('in STARTING is STOPPING, STOPPED, and never RUNNING', async () => {
    const world = new Supervised([sleeper()]).start()
    await world.stop().over
    await world.clock.advance(HOUR)
    expect(world.states()).toEqual(['STARTING', 'STOPPING', 'STOPPED'])
    expect(world.clock.pending).toBe(0)
  })

  test('in RUNNING is STOPPING and STOPPED, with its exit code or signal, and without a problem', async () => {
    const world = new Supervised([sleeper({ startFor: 0, restart: 'always' })]).start()
    await world.stop().over
    await world.clock.advance(HOUR)
    expect(world.states().slice(2)).toEqual(['STOPPING', 'STOPPED'])
    expect(world.changes.at(-1)).toMatchObject({ signal: 'SIGTERM', problem: null })
    expect(world.process.output).toBe('')
  })

  test('in BACKOFF is STOPPED at once, and never started again', async () => {
    const world = new Supervised([sh('exit 1')]).start()
    await world.reaches('BACKOFF')
    const { over } = world.stop()
    expect(world.states()).toEqual(['STARTING', 'BACKOFF', 'STOPPED'])
    await over
    await world.clock.advance(HOUR)
    expect(world.states()).toHaveLength(3)
    expect(world.clock.pending).toBe(0)
  })

  test('while its restart is pending stays EXITED, and is never started again', async () => {
    const world = new Supervised([sh('exit 1', { startFor: 0 })]).start()
    expect(await world.reaches('EXITED')).toMatchObject({ restartIn: 100 })
    await world.stop().over
    await world.clock.advance(HOUR)
    expect(world.states()).toEqual(['STARTING', 'RUNNING', 'EXITED'])
    expect(world.clock.pending).toBe(0)
  })

  test('when it is FATAL stays FATAL', async () => {
    const world = new Supervised([sh('exit 1', { startRetries: 0 })]).start()
    await world.reaches('FATAL')
    await world.stop().over
    expect(world.states()).toEqual(['STARTING', 'FATAL'])
  })

  test('before start() stays STOPPED, and is not started any more', async () => {
    const world = new Supervised([sleeper()])
    hold(world)
    await world.stop().over
    expect(() => world.start()).toThrow(
      expect.objectContaining({
        code: 'LASTCALL_ENDED',
        message: expect.stringContaining('no program is started any more'),
      }),
    )
    expect(world.changes).toEqual([])
  })

  test('before the system has said that it can not be started is STOPPED', async () => {
    const world = new Supervised([{ name: 'web', command: 'no-such-program' }]).start()
    await world.stop().over
    await world.reaches('STOPPED')
    await world.clock.advance(HOUR)
    expect(world.states()).toEqual(['STARTING', 'STOPPED'])
  })
})

describe('a program that ends on its own while it is STOPPING', () => {
  test('with an expected code is STOPPED, and not started again', async () => {
    const program = onSignal('USR2', 'exit 0', { stopSignal: 'SIGURG', restart: 'always' })
    const world = new Supervised([program]).start()
    await world.stdout.says('ready')
    const { over } = world.stop() // SIGURG is ignored without a listener
    process.kill(world.pid(), 'SIGUSR2')
    await over
    await world.clock.advance(HOUR)
    expect(world.states()).toEqual(['STARTING', 'STOPPING', 'STOPPED'])
    expect(world.changes.at(-1)).toMatchObject({ exitCode: 0, signal: null })
  })

  test('with another code is STOPPED, and its hook fails and names the code', async () => {
    const program = onSignal('USR2', 'exit 3', { stopSignal: 'SIGURG', restart: 'always' })
    const world = new Supervised([program]).start()
    await world.stdout.says('ready')
    const pid = world.pid()
    const { over } = world.stop()
    process.kill(pid, 'SIGUSR2')
    await expect(over).rejects.toMatchObject({
      code: 'LASTCALL_CHILD_FAILED',
      message: `child 'web' (pid ${pid}) ended with exit code 3`,
    })
    await world.clock.advance(HOUR)
    expect(world.states()).toEqual(['STARTING', 'STOPPING', 'STOPPED'])
  })

  test('by a foreign signal is STOPPED, and its hook fails and names the signal', async () => {
    const world = new Supervised([sleeper({ stopSignal: 'SIGURG' })]).start()
    const { over } = world.stop()
    process.kill(world.pid(), 'SIGKILL')
    await expect(over).rejects.toThrow('ended with SIGKILL')
    expect(world.states().at(-1)).toBe('STOPPED')
  })
})

describe('once the shutdown has begun', () => {
  /** A run that is held up in a phase. */
  function begun(world: Supervised, phase = 'drain') {
    const gate = new Gate()
    const { shutdown } = virtualShutdown({ exit: false, grace: '10s', log: false }, world)
    shutdown.add(world.programs)
    shutdown.add({ name: 'held up', phase, run: () => gate.opened })
    return { gate, shutdown, report: shutdown.now() }
  }

  test.each(['deregister', 'drain'])(
    'a program that dies while %s goes on is not started again',
    async (phase) => {
      const world = new Supervised([sleeper({ startFor: 0, restart: 'always' })]).start()
      const { gate, report } = begun(world, phase)
      process.kill(world.pid(), 'SIGKILL')
      expect(await world.reaches('EXITED')).toMatchObject({
        restartIn: null,
        problem: 'ended with SIGKILL',
      })
      await world.clock.advance(1000)
      gate.open()
      await report
      expect(world.states()).toEqual(['STARTING', 'RUNNING', 'EXITED'])
      expect(world.process.output).toBe("lastcall: 'web' ended with SIGKILL\n")
    },
  )

  test('a program that waits for its restart is STOPPED or stays EXITED at once', async () => {
    const world = new Supervised([
      sh('exit 1', { name: 'bad' }),
      sh('exit 1', { name: 'done', startFor: 0 }),
      sh('exit 0', { name: 'last', startFor: 0 }),
    ]).start()
    await world.reaches('BACKOFF', { name: 'bad' })
    await world.reaches('EXITED', { name: 'done' })
    await world.reaches('EXITED', { name: 'last' })
    const { gate, report } = begun(world)
    expect(world.states('bad')).toEqual(['STARTING', 'BACKOFF', 'STOPPED'])
    await world.clock.advance(5000)
    gate.open()
    await report
    expect(world.states('bad')).toHaveLength(3)
    expect(world.states('done')).toEqual(['STARTING', 'RUNNING', 'EXITED'])
  })

  test('a program that ends before it counts as started is STOPPED, and not tried again', async () => {
    const world = new Supervised([sleeper()]).start()
    const { gate, report } = begun(world)
    process.kill(world.pid(), 'SIGKILL')
    await world.reaches('STOPPED')
    await world.clock.advance(1000)
    gate.open()
    await report
    expect(world.states()).toEqual(['STARTING', 'STOPPED'])
  })

  test('a program that stays up for its startFor is RUNNING before it is stopped', async () => {
    const world = new Supervised([sleeper()]).start()
    const { gate, report } = begun(world)
    await world.clock.advance(1000)
    gate.open()
    await report
    expect(world.states()).toEqual(['STARTING', 'RUNNING', 'STOPPING', 'STOPPED'])
  })

  test('a program that dies while an earlier priority is being stopped is not started again', async () => {
    const world = new Supervised([
      onSignal('USR2', 'exit 0', { name: 'first', priority: 2, stopSignal: 'SIGURG' }),
      sleeper({ name: 'second', priority: 1, startFor: 0, restart: 'always' }),
    ]).start()
    await world.stdout.says('ready')
    const { gate, report } = begun(world)
    gate.open()
    await world.reaches('STOPPING', { name: 'first' })
    process.kill(world.pid('second'), 'SIGKILL')
    await world.reaches('EXITED', { name: 'second' })
    await world.clock.advance(1000)
    process.kill(world.pid('first'), 'SIGUSR2')
    expect(await report).toMatchObject({ outcome: 'clean' })
    expect(world.states('second')).toEqual(['STARTING', 'RUNNING', 'EXITED'])
  })

  test('start() throws, and starts nothing', async () => {
    const world = new Supervised([sleeper()])
    const { gate, report } = begun(world)
    expect(() => world.start()).toThrow(expect.objectContaining({ code: 'LASTCALL_ENDED' }))
    gate.open()
    await report
    expect(world.changes).toEqual([])
  })

  test('a run that begins in a listener for STARTING stops what has just been started', async () => {
    const world = new Supervised([sleeper({ startFor: 0 }), sleeper({ name: 'other' })])
    const { shutdown } = virtualShutdown({ exit: false }, world)
    shutdown.add(world.programs)
    world.programs.on('state', ({ to }) => void (to === 'STARTING' && shutdown.now()))
    world.start()
    await shutdown.now()
    expect(world.states().at(-1)).toBe('STOPPED')
    expect(world.states('other')).toEqual([])
    await until(() => world.clock.pending === 0)
  })
})
